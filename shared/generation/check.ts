// One check of a generation: fal's status and the deadlines decide the next step.
import { adoptRunning, type AdoptDeps } from "./adopt.ts";
import { tellFalToCancel } from "./cancel.ts";
import { deliverBy, passed } from "./deadlines.ts";
import { ProviderUnavailableError, SourceImageUnavailableError } from "../media/errors.ts";
import { madeWith, type Media, type MediaRef } from "../media/media.ts";
import { findInHistory, whoseJob } from "./history.ts";
import { heldVerdict } from "./hold.ts";
import { hasPlace } from "./places.ts";
import { inDoubtTimes, inDoubtVerdict, type InDoubtTimes, type ReportOfClaim } from "./in-doubt.ts";
import { move, type MoveDeps } from "./move.ts";
import type { Gate, Kling, KlingStatus, MediaFiles, MediaRecords } from "../media/ports.ts";
import { unlessOvertaken, type StepResult } from "./step.ts";
import { recordAcceptance } from "./acceptance.ts";
import type { Ledger } from "../money/ledger.ts";

export interface CheckDeps extends MoveDeps, AdoptDeps {
  records: MediaRecords;
  ledger: Ledger;
  gate: Gate;
  kling: Pick<Kling, "checkKlingRequestStatus" | "findKlingRequest" | "cancelKlingRequest">;
  files: MediaFiles;
  publicUrl: string | undefined;
  /** How long a submit of unknown outcome may wait to be settled; a minute at least. */
  inDoubtSeconds: number;
}

/** Analysis takes seconds; a pending one this old was lost with its process. */
const ANALYSIS_LOST_AFTER_SECONDS = 120;

/** A webhook may be faster than fal's own status: the woken execution checks this often, a second apart. */
export const WAKE_UP_LOOKS = 3;
const BETWEEN_LOOKS_MS = 1000;

/**
 * Looks and decides. Reads and, where fal's answer says so, writes; never throws because of fal.
 * @param heard a request id that an earlier step brought and could not record
 * @param looks how often to look, as long as there is nothing to do
 */
export async function checkStatus(
  deps: CheckDeps,
  ref: MediaRef,
  { heard, looks = 1 }: { heard?: string; looks?: number } = {},
): Promise<StepResult> {
  for (let look = 1; ; look++) {
    const result = await unlessOvertaken(() => check(deps, ref, heard));
    if (result.next !== "wait" || look >= looks) return result;
    await deps.clock.sleep(BETWEEN_LOOKS_MS);
  }
}

async function check(deps: CheckDeps, ref: MediaRef, heard: string | undefined): Promise<StepResult> {
  const media = await deps.records.get(ref);
  switch (media?.phase) {
    case "queued":
      return checkQueued(deps, media);
    case "submitting":
      return checkInDoubt(deps, media, heard);
    case "generating":
      return checkGenerating(deps, media);
    case "finalizing":
      return checkFinalizing(deps, media);
    case "completed":
      if (media.analysisStatus !== "pending") return { next: "done" };
      return analysisWasLost(deps, media) ? { next: "finalize" } : { next: "wait" };
    case "failed":
    case "canceled":
    case "deleted":
      return { next: "done" };
    case undefined: {
      if (!media) return { next: "unknown" };
      const adopted = await adoptRunning(deps, media);
      return adopted.phase === "generating" ? checkGenerating(deps, adopted) : { next: "done" };
    }
  }
}

async function checkQueued(deps: CheckDeps, media: Media): Promise<StepResult> {
  const now = deps.clock.now();
  // Judged first: where no execution can be started, no step would act on a verdict of `submit`.
  if (passed(media.deadlineAt, now)) return { next: "fail", code: "timed_out" };
  // The submit step keeps a wish to cancel that came during an earlier submit.
  if (media.cancelRequestedAt !== undefined) return { next: "submit" };
  const held = media.hold && (await heldVerdict(deps, media));
  if (media.hold && held === "is over") return { next: "fail", code: media.hold.code };
  if (held === "waits") return park(deps, media);
  if (media.nextSubmitAt !== undefined && !passed(media.nextSubmitAt, now)) return { next: "wait" };
  const { places } = deps;
  if (places && media.waitsSince !== undefined && !(await hasPlace({ ...deps, places }, media)))
    return { next: "wait" };
  return { next: "submit" };
}

/** Nothing can be done before fal takes jobs again: no execution waits for that, the sweeper wakes the generation. */
export async function park(deps: MoveDeps, media: Media): Promise<StepResult> {
  await move(deps, media, "park", { sweepAt: media.heldUntil }, { version: media.version });
  return { next: "held" };
}

/** A claim without a request id: gathers the facts, and in-doubt.ts gives the verdict. */
async function checkInDoubt(deps: CheckDeps, media: Media, heard: string | undefined): Promise<StepResult> {
  const history = await searchHistory(deps, media);
  const found = heard ?? history.found;
  const times = inDoubtTimes(media, deps.clock.now(), deps.inDoubtSeconds);
  // fal is asked about a report only where nothing else decides.
  const isDecided = found !== undefined || times.isSettling || times.isUnderWay;
  const report = isDecided ? undefined : await askAboutReport(deps, media, times);
  const told = inDoubtVerdict({ found, isSearched: history.searched, ...times, report });
  if (told.verdict === "give up") return { next: "fail", code: "submit_outcome_unknown" };
  if (told.verdict === "accept") await recordAcceptance(deps, media, told.requestId);
  return { next: "wait" };
}

async function askAboutReport(
  deps: CheckDeps,
  media: Media,
  { isPastDeadline }: InDoubtTimes,
): Promise<ReportOfClaim | undefined> {
  const { reportedRequestId: requestId } = media;
  if (requestId === undefined) return undefined;
  const owner = await ownerInHistory(deps, media, requestId);
  const isDecided = owner === "another's" || (owner === "silent" && !isPastDeadline);
  return { requestId, owner, isAnswered: !isDecided && (await isAnsweredFor(deps, media, requestId)) };
}

async function isAnsweredFor(deps: CheckDeps, media: Media, requestId: string): Promise<boolean> {
  try {
    await deps.kling.checkKlingRequestStatus(requestId, madeWith(media));
    return true;
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error;
    return false;
  }
}

async function ownerInHistory(deps: CheckDeps, media: Media, requestId: string) {
  try {
    return await whoseJob(deps, media, requestId);
  } catch (error) {
    deps.log.warn("fal's history not searched", {
      event: "fal_unavailable",
      mediaId: media.id,
      error: String(error),
    });
    return error instanceof SourceImageUnavailableError ? "unknown" : "silent";
  }
}

async function searchHistory(deps: CheckDeps, media: Media): Promise<{ searched: boolean; found?: string }> {
  try {
    return { searched: true, found: await findInHistory(deps, media) };
  } catch (error) {
    // A step that could not search has not failed: it looks again.
    deps.log.warn("fal's history not searched", {
      event: "fal_unavailable",
      mediaId: media.id,
      error: String(error),
    });
    return { searched: error instanceof SourceImageUnavailableError };
  }
}

async function checkGenerating(deps: CheckDeps, media: Media): Promise<StepResult> {
  if (media.cancelRequestedAt !== undefined && media.cancelSentAt === undefined) {
    if ((await tellFalToCancel(deps, media)).phase === "canceled") return { next: "done" };
  }
  const seen = await look(deps, media);
  if (seen?.status === "COMPLETED") {
    noteSeenDone(deps, media, seen.metrics?.inference_time);
    // What fal finished is fetched for as long as its result may yet be read.
    return deliver(deps, media);
  }
  // A job that is finished at its deadline is kept: hence the deadline after the look, and more time where fal says nothing.
  const now = deps.clock.now();
  if (passed(media.deadlineAt, now) && (seen || now >= deliverBy(media))) return { next: "fail", code: "timed_out" };
  if (seen) await noteQueuePosition(deps, media, seen.status === "IN_QUEUE" ? seen.queue_position : undefined);
  return { next: "wait" };
}

/** fal's status of the job; undefined when fal gives none just now, which says nothing about the job. */
async function look(deps: CheckDeps, media: Media): Promise<KlingStatus | undefined> {
  const { requestId } = media;
  if (requestId === undefined) return undefined;
  try {
    return await deps.kling.checkKlingRequestStatus(requestId, madeWith(media), { submittedAt: media.submittedAt });
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error;
    deps.log.warn("status not available", {
      event: "fal_unavailable",
      mediaId: media.id,
      requestId,
      error: error.message,
    });
    return undefined;
  }
}

/** How late we are at most: the job's seconds since fal accepted it beyond its rendering, fal's own queue among them. */
function noteSeenDone(deps: CheckDeps, media: Media, renderedSeconds: number | undefined): void {
  const { id: mediaId, requestId, submittedAt } = media;
  const known = submittedAt !== undefined && renderedSeconds !== undefined;
  const unrenderedSeconds = known
    ? Math.max(0, (deps.clock.now() - Date.parse(submittedAt)) / 1000 - renderedSeconds)
    : undefined;
  deps.log.info("fal has finished", { event: "job_seen_done", mediaId, requestId, unrenderedSeconds });
}

/** Written only when it changed: most laps write nothing. */
async function noteQueuePosition(deps: CheckDeps, media: Media, queuePosition: number | undefined): Promise<void> {
  if (queuePosition !== media.queuePosition) await move(deps, media, "note progress", { queuePosition });
}

function checkFinalizing(deps: CheckDeps, media: Media): StepResult {
  if (media.leaseUntil !== undefined && !passed(media.leaseUntil, deps.clock.now())) return { next: "wait" };
  return deliver(deps, media);
}

function deliver(deps: CheckDeps, media: Media): StepResult {
  return deps.clock.now() < deliverBy(media) ? { next: "finalize" } : { next: "fail", code: "delivery_failed" };
}

function analysisWasLost(deps: CheckDeps, media: Media): boolean {
  const committedAt = Date.parse(media.completedAt ?? media.createdAt);
  return deps.clock.now() >= committedAt + ANALYSIS_LOST_AFTER_SECONDS * 1000;
}
