// DELETE /api/spaces/{spaceId}/media/{id}: deletes a media that has ended, with its files.
import * as z from "zod/mini";
import { mediaPath } from "../../shared/contract/reading.ts";
import { refIn } from "../../shared/media/media.ts";
import { http } from "../../shared/edge/lambda.ts";
import { deleteMedia } from "../../shared/generation/delete.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";

export const handler = http(z.object({ path: mediaPath }), async ({ path }, { caller }) => {
  const ref = refIn(caller("write"), path);
  await deleteMedia({ ...moveDeps(), files: mediaFiles() }, ref);
  return { statusCode: 204, headers: { "cache-control": "no-store" } };
});
