// POST /api/spaces/{spaceId}/media/{id}/cancel: stops a generation, at fal too.
import * as z from "zod/mini";
import { mediaPath } from "../../shared/contract/reading.ts";
import * as kling from "../../shared/kling.ts";
import { setting } from "../../shared/environment.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { cancelGeneration, cancelMessage } from "../../shared/generation/cancel.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";

export const handler = http(z.object({ path: mediaPath }), async ({ path }, { caller }) => {
  const ref = { tenantId: caller("write").tenantId, spaceId: path.spaceId, mediaId: path.id };
  const deadlineSeconds = setting("GENERATION_DEADLINE_SECONDS");
  const media = await cancelGeneration({ ...moveDeps(), kling, deadlineSeconds }, ref);
  const message = cancelMessage(media);

  return reply(200, { data: { message, mediaSpace: await presentMedia(mediaFiles(), media) } });
});
