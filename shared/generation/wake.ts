// fal says that a job has ended: its generation is woken early. What fal says is believed only as far as there is such a job.
import type { CheckDeps } from "./check.ts";
import { whoseJob } from "./history.ts";
import { ProviderUnavailableError } from "../media/errors.ts";
import { refOf, type Claim, type Media } from "../media/media.ts";
import { move, retryOnConflict } from "./move.ts";
import { noteOrphan } from "./orphan.ts";
import type { Workflow } from "../media/ports.ts";
import { isTerminal } from "../media/status.ts";
import { recordAcceptance } from "./acceptance.ts";

export interface WakeDeps extends CheckDeps {
  workflow: Pick<Workflow, "start">;
}

/** fal's names of a job. The second is the submit's own where fal had to run the job again. */
export interface ReportedJob {
  requestId: string;
  gatewayRequestId?: string;
}

/**
 * Starts a short execution that looks at fal itself, once per claim. A job that the record does not follow, and that
 * fal's history shows as made of its picture, is adopted by a submit in doubt, or else noted as an orphan; one that the
 * history shows as made of another picture is none of ours. Of a claim that was given up it is an orphan, unless the
 * history shows it as another's. Any number of reports, in any order, comes to the same.
 * @param claim what the job was submitted for, by a webhook address that only fal and we know
 * @throws ProviderUnavailableError when the history does not show whose the job is: fal is asked to report again
 */
export async function wakeGeneration(deps: WakeDeps, claim: Claim, job: ReportedJob): Promise<void> {
  return retryOnConflict(() => wake(deps, claim, job));
}

async function wake(deps: WakeDeps, { attempt, ...ref }: Claim, job: ReportedJob): Promise<void> {
  const media = await deps.records.get(ref);
  if (!media?.phase) {
    deps.log.warn("a job ended whose record is gone", { mediaId: ref.mediaId, attempt, requestId: job.requestId });
    return;
  }
  const { requestId } = media;
  if (requestId !== undefined && [job.requestId, job.gatewayRequestId].includes(requestId)) {
    if (media.phase === "generating") await startWakeUp(deps, media, attempt);
    return;
  }
  // fal signs for all of its customers, and may address a report wrongly: the picture tells whose job it is.
  const hasNoJob = media.attempt === attempt && requestId === undefined;
  const inDoubt = hasNoJob && media.phase === "submitting";
  const givenUp = hasNoJob && isTerminal(media.phase);
  if (!(await isOurs(deps, media, job.requestId, { inDoubt, givenUp }))) {
    deps.log.warn("fal reported another's job", { mediaId: media.id, requestId: job.requestId });
    return;
  }
  if (!inDoubt) return noteOrphan(deps, media, job.requestId);
  await recordAcceptance(deps, media, job.requestId);
  await startWakeUp(deps, media, attempt);
}

/**
 * @param claim what became of the claim that the report is of, as long as the record knows no job of it
 * @throws ProviderUnavailableError while fal's history cannot say; what was reported of a submit in doubt is then kept
 */
async function isOurs(
  deps: WakeDeps,
  media: Media,
  requestId: string,
  claim: { inDoubt: boolean; givenUp: boolean },
): Promise<boolean> {
  try {
    const owner = await whoseJob(deps, media, requestId);
    if (owner !== "unknown") return owner === "ours";
    // No later step asks the history about it again. fal has signed for it, and nothing contradicts it.
    if (claim.givenUp) return true;
    if (media.phase === "deleted") return false;
    throw new ProviderUnavailableError("its history does not show whose this job is");
  } catch (error) {
    if (claim.inDoubt)
      await move(deps, media, "note report", { reportedRequestId: requestId }, { version: media.version });
    throw error;
  }
}

async function startWakeUp(deps: WakeDeps, media: Media, attempt: number): Promise<void> {
  await deps.workflow.start(`${media.id}-w-${attempt}`, { ...refOf(media), enter: "check", lap: false });
}
