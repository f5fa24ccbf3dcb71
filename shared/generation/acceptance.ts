// fal has the job of a claim: learned from the submit's answer, from a webhook, or from fal's history.
import { instant } from "../media/instant.ts";
import type { Media } from "../media/media.ts";
import { acceptedRequest, type Ledger } from "../money/ledger.ts";
import { move, type MoveDeps } from "./move.ts";

export interface AcceptDeps extends MoveDeps {
  ledger: Pick<Ledger, "accept">;
}

/**
 * Records that fal has the job of this claim. A second arrival changes nothing. The books come first: no record has a
 * request id whose bill would find nothing, and where the second write is lost the submit is in doubt, as it was.
 */
export async function recordAcceptance(
  deps: AcceptDeps,
  media: Media,
  requestId: string,
  queuePosition?: number,
): Promise<void> {
  const now = instant(deps.clock.now());
  const request = acceptedRequest(media, requestId, now);
  const submittedAt = request ? (await deps.ledger.accept(request)).at : now;
  await move(
    deps,
    media,
    "accept",
    { requestId, queuePosition, submittedAt },
    { attempt: media.attempt, requestId: undefined },
  );
}
