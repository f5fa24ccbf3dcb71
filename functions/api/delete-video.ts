// DELETE /v1/videos/{id}: a video that has ended, and its files, are no more.
import * as z from "zod/mini";
import { refOfVideo } from "../../shared/contract/video-id.ts";
import { videoPath } from "../../shared/contract/videos.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { VIDEOS_API } from "../../shared/edge/videos-api.ts";
import { deleteMedia } from "../../shared/generation/delete.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";

export const handler = http(
  z.object({ path: videoPath }),
  async ({ path: { id } }, { caller }) => {
    await deleteMedia({ ...moveDeps(), files: mediaFiles() }, refOfVideo(caller("write"), id));
    return reply(200, { id, object: "video.deleted", deleted: true });
  },
  VIDEOS_API,
);
