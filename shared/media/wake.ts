// fal says that a job has ended: its generation is woken early. What fal says is believed only as far as there is such a job.
import { refOf, type Claim, type Media } from "./media.ts";
import { move, untilNotOvertaken, type MoveDeps } from "./move.ts";
import type { Workflow } from "./ports.ts";
import { recordAcceptance } from "./submit.ts";

export interface WakeDeps extends MoveDeps {
  workflow: Pick<Workflow, "start">;
}

/** fal's names of a job. The second is the submit's own where fal had to run the job again. */
export interface ReportedJob {
  requestId: string;
  gatewayRequestId?: string;
}

/**
 * Starts a short execution that looks at fal itself, once per claim; a claim whose submit was in doubt adopts the job.
 * A job that its record does not follow is noted as an orphan. Any number of reports, in any order, comes to the same.
 * @param claim what the job was submitted for, by a webhook address that only fal and we know
 */
export async function wakeGeneration(deps: WakeDeps, claim: Claim, job: ReportedJob): Promise<void> {
  return untilNotOvertaken(() => wake(deps, claim, job));
}

async function wake(deps: WakeDeps, { attempt, ...ref }: Claim, job: ReportedJob): Promise<void> {
  const media = await deps.records.get(ref);
  if (!media?.phase) {
    deps.log.warn("a job ended whose record is gone", { mediaId: ref.mediaId, attempt, requestId: job.requestId });
    return;
  }
  const { requestId } = media;
  const inDoubt = media.phase === "submitting" && media.attempt === attempt && requestId === undefined;
  const follows = requestId !== undefined && [job.requestId, job.gatewayRequestId].includes(requestId);
  if (inDoubt) await recordAcceptance(deps, media, job.requestId);
  else if (!follows) return noteOrphan(deps, media, job.requestId);
  if (inDoubt || media.phase === "generating") {
    await deps.workflow.start(`${media.id}-w-${attempt}`, { ...refOf(media), enter: "check", lap: false });
  }
}

async function noteOrphan(deps: WakeDeps, media: Media, requestId: string): Promise<void> {
  const known = media.orphanRequestIds ?? [];
  if (known.includes(requestId)) return;
  deps.log.warn("a job ended that nobody follows", { mediaId: media.id, requestId, follows: media.requestId });
  await move(deps, media, "note orphan", { orphanRequestIds: [...known, requestId] }, { version: media.version });
}
