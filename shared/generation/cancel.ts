// Canceling: at once while nothing was sent, else by asking fal, once, and waiting for its word.
import { adoptRunning, type AdoptDeps } from "./adopt.ts";
import { AlreadyEndedError, ProviderUnavailableError } from "../media/errors.ts";
import { madeWith, type Media, type MediaRef } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import { move, retryOnConflict, type MoveDeps } from "./move.ts";
import type { Kling } from "../media/ports.ts";
import { passed } from "./deadlines.ts";
import { existing } from "../media/read.ts";

export interface CancelDeps extends MoveDeps {
  kling: Pick<Kling, "cancelKlingRequest">;
}

/** Longer than the call to fal may take (10 s): by then the process that began it has ended, or has died and another must. */
const CANCEL_CALL_SECONDS = 30;

/**
 * Cancels, or asks for it. A completion that is faster stays a completion: the video exists and was paid for.
 * @throws MediaNotFoundError, AlreadyEndedError (ended, or already being stored)
 */
export async function cancelGeneration(deps: CancelDeps & AdoptDeps, ref: MediaRef): Promise<Media> {
  return retryOnConflict(async () => {
    const media = existing(await deps.records.get(ref));
    return cancelAs(deps, await adoptRunning(deps, media));
  });
}

async function cancelAs(deps: CancelDeps, media: Media): Promise<Media> {
  const expected = { version: media.version };
  switch (media.phase) {
    case "queued":
      return (await move(deps, media, "cancel", {}, expected)).media;
    case "submitting":
    case "generating": {
      // The first caller tells fal, and the checks do if that call failed.
      if (media.cancelRequestedAt !== undefined) return tellFalToCancel(deps, media);
      const cancelRequestedAt = instant(deps.clock.now());
      const asked = await move(deps, media, "request cancel", { cancelRequestedAt }, expected);
      return tellFalToCancel(deps, asked.media);
    }
    case "finalizing":
    case "completed":
    case "failed":
    case "canceled":
    case "deleted":
    case undefined:
      throw new AlreadyEndedError(media.phase ?? "a record of an older version");
  }
}

/** The result of a cancel, for the person who asked. */
export function cancelMessage(media: Media): string {
  if (media.phase === "canceled") return "The generation is canceled.";
  const mayFinish = "If it has begun, it may still finish the video and bill it; then you get the video.";
  return media.cancelSentAt === undefined
    ? `fal.ai will be asked to stop at the next check. ${mayFinish}`
    : `fal.ai was asked to stop. ${mayFinish}`;
}

/**
 * Tells fal, unless it was told or has no job yet. Where fal confirms, the record is canceled; else the checks go on:
 * a running job may still finish, and be billed.
 */
export async function tellFalToCancel(deps: CancelDeps, media: Media): Promise<Media> {
  const { requestId, cancelCallUntil } = media;
  if (requestId === undefined || media.cancelSentAt !== undefined || media.phase !== "generating") return media;
  const now = deps.clock.now();
  if (cancelCallUntil !== undefined && !passed(cancelCallUntil, now)) return media;
  const mine = { cancelCallUntil: instant(now + CANCEL_CALL_SECONDS * 1000) };
  const begun = (await move(deps, media, "begin telling fal", mine, { version: media.version })).media;
  try {
    const said = await deps.kling.cancelKlingRequest(requestId, madeWith(media));
    deps.log.info("fal was told to cancel", { mediaId: media.id, requestId, said });
    if (said === "confirmed") return (await move(deps, begun, "confirm cancel", {})).media;
    const told = { cancelSentAt: instant(deps.clock.now()), cancelCallUntil: undefined };
    return (await move(deps, begun, "tell fal to cancel", told)).media;
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error;
    deps.log.warn("cancel did not reach fal, a check tries again", { mediaId: media.id, error: error.message });
    return begun;
  }
}
