// A job that the original application began and fal still has: taken over with its first look, and ended like any other.
import { isOvertaken } from "../media/errors.ts";
import { refOf, type Media } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import type { Clock, MediaRecords } from "../media/ports.ts";
import { generationOf } from "../media/progress.ts";
import { acceptedRequest, type Ledger } from "../money/ledger.ts";

export interface AdoptDeps {
  records: Pick<MediaRecords, "adopt" | "get">;
  ledger: Pick<Ledger, "accept">;
  clock: Clock;
  deadlineSeconds: number;
}

/**
 * The record as one of ours, where it is a running one of the original application: it has fal's `requestId` and no
 * `phase`. Its deadline counts from now, and the sweeper starts its workflow within a minute. Any other as it is.
 */
export async function adoptRunning(deps: AdoptDeps, media: Media): Promise<Media> {
  const isRunning = media.type === undefined && generationOf(media) === "generating-video" && !media.legacyVideo;
  if (media.phase !== undefined || media.requestId === undefined || !isRunning) return media;
  const now = deps.clock.now();
  const adopted: Media = {
    ...media,
    generationStatus: undefined,
    phase: "generating",
    attempt: 1,
    submittedAt: media.createdAt,
    deadlineAt: instant(now + deps.deadlineSeconds * 1000),
    sweepAt: instant(now),
    updatedAt: instant(now),
    version: media.version + 1,
  };
  const request = acceptedRequest(adopted, media.requestId, media.createdAt);
  if (request) await deps.ledger.accept(request);
  try {
    await deps.records.adopt(adopted);
  } catch (error) {
    // Another look was faster.
    if (!isOvertaken(error)) throw error;
    return (await deps.records.get(refOf(media))) ?? media;
  }
  return adopted;
}
