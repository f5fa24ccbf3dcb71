// An operator's second try at a video that fal has made and that could not be stored: the one way out of a terminal status.
import { recorded, reserve, settle, type SpendingLimits } from "../money/budget.ts";
import { MediaNotFoundError, NothingToRedriveError } from "../media/errors.ts";
import type { Media } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import { move, type MoveDeps } from "./move.ts";
import type { Workflow } from "../media/ports.ts";
import { restartAs } from "./sweep.ts";

export interface RedriveDeps extends MoveDeps {
  workflow: Pick<Workflow, "start">;
  limits: SpendingLimits;
}

/**
 * Lets a failed delivery begin anew, with the time of a delivery from now. What its failure gave back is put aside again.
 * @throws MediaNotFoundError, NothingToRedriveError when the generation did not end as `delivery_failed`; what `reserve`
 *   throws where the tenant's budget does not hold it any more
 */
export async function redriveGeneration(deps: RedriveDeps, mediaId: string): Promise<Media> {
  const ref = await deps.records.find(mediaId);
  const media = ref && (await deps.records.get(ref));
  if (!media) throw new MediaNotFoundError();
  if (media.phase !== "failed" || media.error?.code !== "delivery_failed") throw new NothingToRedriveError(media);
  await settle(deps, media);
  const restarts = media.restarts + 1;
  // A separate name: a process that still settles the first reservation does not touch this one.
  const reserved = await reserve(deps, media, `${media.id}-r${restarts}`);
  const anew = {
    ...recorded(reserved),
    error: undefined,
    deadlineAt: instant(deps.clock.now()),
    leaseOwner: undefined,
    leaseUntil: undefined,
    restarts,
  };
  const redriven = await move(deps, media, "redrive", anew, { version: media.version, reservation: undefined });
  await restartAs(deps, redriven.media);
  return redriven.media;
}
