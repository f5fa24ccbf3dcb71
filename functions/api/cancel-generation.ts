// POST /api/spaces/{spaceId}/media/{id}/cancel: stops a generation, at fal too.
import * as z from "zod/mini";
import { mediaPath } from "../../shared/contract/reading.ts";
import { refIn } from "../../shared/media/media.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { cancelGeneration, cancelMessage } from "../../shared/generation/cancel.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { cancelDeps } from "../../shared/services/cancel-deps.ts";

export const handler = http(z.object({ path: mediaPath }), async ({ path }, { caller }) => {
  const ref = refIn(caller("write"), path);
  const media = await cancelGeneration(cancelDeps(), ref);
  const message = cancelMessage(media);

  return reply(200, { data: { message, mediaSpace: await presentMedia(mediaFiles(), media) } });
});
