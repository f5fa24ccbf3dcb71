// fal has the job of a claim: learned from the submit's answer, from a webhook, or from fal's history.
import { instant } from "../media/instant.ts";
import type { Media } from "../media/media.ts";
import { move, type MoveDeps } from "./move.ts";

/** Records that fal has the job of this claim. A second arrival changes nothing. */
export async function recordAcceptance(
  deps: MoveDeps,
  media: Media,
  requestId: string,
  queuePosition?: number,
): Promise<void> {
  await move(
    deps,
    media,
    "accept",
    { requestId, queuePosition, submittedAt: instant(deps.clock.now()) },
    { attempt: media.attempt, requestId: undefined },
  );
}
