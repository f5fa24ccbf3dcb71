// GET /v1/videos/{id}: where a video stands.
import * as z from "zod/mini";
import { refOfVideo } from "../../shared/contract/video-id.ts";
import { showVideo, videoPath } from "../../shared/contract/videos.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { VIDEOS_API } from "../../shared/edge/videos-api.ts";
import { readMedia } from "../../shared/media/read.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(
  z.object({ path: videoPath }),
  async ({ path }, { caller }) =>
    reply(200, showVideo(await readMedia({ records: mediaRecords() }, refOfVideo(caller("read"), path.id)))),
  VIDEOS_API,
);
