// The promise that nothing stays open: restarts what nobody drives, publishes what was not heard.
import { isOvertaken } from "./errors.ts";
import { instant, type MediaRef } from "./media.ts";
import { move, publishEvents, type MoveDeps } from "./move.ts";
import type { Clock, Workflow } from "./ports.ts";
import { isOpen, isTerminal } from "./status.ts";

export interface SweepDeps extends MoveDeps {
  workflow: Workflow;
  clock: Clock;
}

/** One run ends well within its function's 60 s; what is left is due again in a minute. */
const RECORDS_PER_RUN = 500;
const RUN_MS = 45_000;

/** Later than any `sweepAt`. */
const END_OF_TIME = "9999-12-31T23:59:59.999Z";

/**
 * Looks at the records that are due, or (`all`) at everything open: what a restarted machine does, since its
 * executions are gone. Runs may overlap: every change is one conditional move.
 * @returns how many records were looked at and how many executions were started
 */
export async function sweepGenerations(
  deps: SweepDeps,
  { all }: { all: boolean },
): Promise<{ looked: number; restarted: number }> {
  const startedAt = deps.clock.now();
  const due = await deps.records.due(all ? END_OF_TIME : instant(startedAt), RECORDS_PER_RUN);
  let [looked, restarted] = [0, 0];
  for (const ref of due) {
    if (deps.clock.now() - startedAt > RUN_MS) break;
    looked++;
    if (await sweepOne(deps, ref)) restarted++;
  }
  return { looked, restarted };
}

async function sweepOne(deps: SweepDeps, ref: MediaRef): Promise<boolean> {
  const media = await deps.records.get(ref);
  if (!media?.phase) return false;
  await publishEvents(deps, media);
  if (!isOpen(media)) {
    await deps.records.removeEvents(ref, []);
    return false;
  }
  if (isTerminal(media.phase) && media.analysisStatus !== "pending") return false;
  try {
    const running = await deps.workflow.isRunning(executionName(media.id, media.restarts));
    if (running) {
      await move(deps, ref, "postpone sweep", {}, { version: media.version });
      return false;
    }
    const restarts = media.restarts + 1;
    await move(deps, ref, "restart", { restarts }, { version: media.version });
    await deps.workflow.start(executionName(media.id, restarts), { ...ref, enter: "check", lap: true });
    return true;
  } catch (error) {
    if (isOvertaken(error)) return false;
    throw error;
  }
}

/** `<mediaId>`, then `<mediaId>-r1`, ...: Step Functions refuses a closed execution's name for 90 days. */
function executionName(mediaId: string, restarts: number): string {
  return restarts === 0 ? mediaId : `${mediaId}-r${restarts}`;
}
