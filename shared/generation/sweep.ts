// The promise that nothing stays open: ends what is past its deadline, restarts what no execution drives, publishes what the bus did not take.
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { settle, sweepAccounts, type AccountSweepDeps } from "../money/budget.ts";
import { announceAccount, isProbeDue, type HoldDeps } from "../money/hold.ts";
import { checkStatus, park, type CheckDeps } from "./check.ts";
import { deliverBy, passed } from "./deadlines.ts";
import { deleteMedia, finishDeletion } from "./delete.ts";
import { isHoldOver } from "./hold.ts";
import { freeAbandonedPlaces } from "./places.ts";
import { isOvertaken } from "../media/errors.ts";
import { failGeneration } from "./fail.ts";
import { refOf, type Media, type MediaRef } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import { move, publishEvents, retryOnConflict } from "./move.ts";
import type { Workflow } from "../media/ports.ts";
import { isTerminal } from "../media/status.ts";
import { isOpen } from "../media/moves.ts";

export interface SweepDeps extends CheckDeps, HoldDeps, AccountSweepDeps {
  workflow: Workflow;
}

/** One run ends well within its function's 60 s; what is left is due again in a minute. */
const RECORDS_PER_RUN = 500;
const RUN_MS = 45_000;
/** Time reserved for the accounts, however long the records take. */
const FREEING_MS = 10_000;

/** fal takes jobs again: as many a minute as ten submits at once (SUBMIT_CONCURRENCY) of three seconds can take. */
const WOKEN_PER_RUN = 200;

/** Of those that wait for a place: their executions lap, and end them at their deadlines; this is for those that have none. */
const LOOKED_AT_IN_LINE = 100;

/** An execution that lived no longer would die again: the next is left to the sweeper, after as long. */
const SHORT_LIFE_MS = 60_000;

/** Some records could not be swept. They are due again in a minute, and the others were swept. */
class SweepError extends AggregateError {
  override readonly name = "SweepError";
}

/**
 * Looks at the records that are due, or (`all`) at everything open: what a restarted machine does, since its
 * executions are gone. Runs may overlap: every change is one conditional move.
 * @returns how many records were looked at and how many executions were started
 * @throws SweepError
 */
export async function sweepGenerations(
  deps: SweepDeps,
  { all }: { all: boolean },
): Promise<{ looked: number; restarted: number }> {
  const startedAt = deps.clock.now();
  const due = all ? await deps.records.allOpen() : await deps.records.due(instant(startedAt), RECORDS_PER_RUN);
  let [looked, restarted] = [0, 0];
  const isOver = () => !all && deps.clock.now() - startedAt > RUN_MS;
  const sweepOne = async (ref: MediaRef, how: Sweeping) => {
    looked++;
    try {
      if (await sweepGeneration(deps, ref, how)) restarted++;
    } catch (error) {
      deps.log.warn("record not swept", { mediaId: ref.mediaId, error: String(error) });
      throw error;
    }
  };
  const faults = await forEachConcurrently(due, isOver, (ref) => sweepOne(ref, { afterRestart: all }));
  // After the rest, which may have parked what it has found.
  const { woken, isProbe } = await whomToWake(deps);
  faults.push(...(await forEachConcurrently(woken, isOver, (ref) => sweepOne(ref, { isProbe }))));
  if (deps.places) {
    await freeAbandonedPlaces(deps);
    const line = await deps.records.waiting(LOOKED_AT_IN_LINE);
    faults.push(...(await forEachConcurrently(line, isOver, (ref) => sweepOne(ref, {}))));
  }
  await sweepAccounts(deps, Math.max(startedAt + RUN_MS, deps.clock.now() + FREEING_MS));
  if (faults.length > 0) throw new SweepError(faults, `${faults.length} of ${looked} records could not be swept`);
  return { looked, restarted };
}

/**
 * Those that are parked and have something to do: all, when fal takes jobs again, and as long as it does not the one that
 * has waited longest, when the time has come to ask.
 */
async function whomToWake(deps: SweepDeps): Promise<{ woken: MediaRef[]; isProbe: boolean }> {
  const { stopped, account } = await deps.gate.read();
  try {
    await announceAccount(deps, account);
  } catch (error) {
    deps.log.warn("the account's state is not on the bus", { error: String(error) });
  }
  if (!account.hold) return { woken: await deps.records.parked(WOKEN_PER_RUN), isProbe: false };
  const isTime = !stopped && isProbeDue(account.hold, deps.clock.now());
  return { woken: isTime ? await deps.records.parked(1) : [], isProbe: true };
}

/** How an execution ended, in epoch milliseconds. */
export interface EndedExecution {
  name: string;
  startedAt: number;
  stoppedAt: number;
}

/** An execution has ended badly: faster than the sweeper would notice, its generation is driven on. */
export async function driveOn(deps: SweepDeps, ref: MediaRef, ended: EndedExecution): Promise<void> {
  const media = await deps.records.get(ref);
  // The end of a wake-up, or of an execution that was replaced long ago, needs no restart.
  if (!media?.phase || media.phase === "deleted" || !isOpen(media) || ended.name !== executionName(media)) return;
  if (ended.stoppedAt - ended.startedAt >= SHORT_LIFE_MS) return void (await sweepGeneration(deps, ref));
  const sweepAt = instant(deps.clock.now() + SHORT_LIFE_MS);
  try {
    await move(deps, media, "postpone sweep", { sweepAt }, { version: media.version });
  } catch (error) {
    // An execution drives it.
    if (!isOvertaken(error)) throw error;
  }
}

interface Sweeping {
  /** No execution of the previous process runs any more. */
  afterRestart?: boolean;
  /** It asks fal, although fal takes no job of the account. */
  isProbe?: boolean;
}

/** @returns whether an execution was started */
async function sweepGeneration(
  deps: SweepDeps,
  ref: MediaRef,
  { afterRestart = false, isProbe = false }: Sweeping = {},
): Promise<boolean> {
  let first: Media | undefined;
  // Our own check at fal may move the record, too: it stays open, and an execution has to drive it.
  return retryOnConflict(async () => {
    const media = await deps.records.get(ref);
    if (!media) return false;
    const isFirst = first === undefined;
    first ??= media;
    // Another sweeper was faster.
    if (media.restarts !== first.restarts) return false;
    return endOrDriveOn(deps, media, { afterRestart: afterRestart && isFirst, isProbe });
  });
}

/**
 * @returns whether an execution was started
 * @throws IllegalMoveError, StaleMediaError when the record has changed since it was read
 */
async function endOrDriveOn(
  deps: SweepDeps,
  media: Media,
  { afterRestart, isProbe }: Required<Sweeping>,
): Promise<boolean> {
  if (!media.phase) return false;
  const ref = refOf(media);
  await settle(deps, media);
  await publishEvents(deps, media);
  if (media.phase === "deleted") await finishDeletion(deps, ref);
  else if (!isOpen(media) && passed(media.keptUntil, deps.clock.now())) await deleteMedia(deps, ref);
  if (!isOpen(media)) {
    await deps.records.removeEvents(ref, []);
    return false;
  }
  if (isTerminal(media.phase) && media.analysisStatus !== "pending") return false;
  if (await endIfOver(deps, media)) return false;
  const isHeld = media.phase === "queued" && media.hold !== undefined;
  if (isHeld && !isProbe && (await deps.gate.read()).account.hold) {
    await park(deps, media);
    return false;
  }
  if (await deps.workflow.isRunning(executionName(media))) {
    // What has only just been parked is woken by the next run; what waits for a place stays in its line.
    if (isHeld || media.waitsSince !== undefined) return false;
    await move(deps, media, "postpone sweep", {}, { version: media.version });
    return false;
  }
  const restarts = media.restarts + 1;
  // The holder of a lease belonged to the previous process too.
  const freed = afterRestart && { leaseUntil: undefined, cancelCallUntil: undefined };
  const restarted = await move(deps, media, "restart", { restarts, ...freed }, { version: media.version });
  await restartAs(deps, restarted.media);
  return true;
}

/** Past its deadline, or its hold, a generation ends even where no execution runs, or can be started. */
async function endIfOver(deps: SweepDeps, media: Media): Promise<boolean> {
  const now = deps.clock.now();
  if (!passed(media.deadlineAt, now) && !(media.hold && isHoldOver(media, now))) return false;
  const verdict = await checkStatus(deps, refOf(media));
  if (media.phase === "completed") {
    // The video is completed, its description was lost, and the time to make it is over.
    if (verdict.next !== "finalize" || deps.clock.now() < deliverBy(media)) return false;
    await move(deps, media, "record analysis", { analysisStatus: "failed" }, { version: media.version });
    return true;
  }
  if (verdict.next === "done") return true;
  return verdict.next === "fail" && (await failGeneration(deps, refOf(media), verdict.code)).next === "done";
}

/** Starts the execution that a record has been given by its `restarts`. */
export async function restartAs(deps: { workflow: Pick<Workflow, "start"> }, media: Media): Promise<void> {
  await deps.workflow.start(executionName(media), { ...refOf(media), enter: "check", lap: true });
}

/** `<mediaId>`, then `<mediaId>-r1`, ...: Step Functions refuses a closed execution's name for 90 days. */
function executionName({ id, restarts }: Media): string {
  return restarts === 0 ? id : `${id}-r${restarts}`;
}
