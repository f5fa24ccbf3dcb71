// GET /v1/videos/{id}/content: where the video, or its first frame, is to be had.
import * as z from "zod/mini";
import { presentMedia } from "../../shared/contract/present.ts";
import { refOfVideo } from "../../shared/contract/video-id.ts";
import { contentQuery, videoPath } from "../../shared/contract/videos.ts";
import { http } from "../../shared/edge/lambda.ts";
import { VIDEOS_API } from "../../shared/edge/videos-api.ts";
import { NoVideoError } from "../../shared/media/errors.ts";
import { progressOf } from "../../shared/media/progress.ts";
import { readMedia } from "../../shared/media/read.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(
  z.object({ path: videoPath, query: contentQuery }),
  async ({ path, query }, { caller }) => {
    const record = await readMedia({ records: mediaRecords() }, refOfVideo(caller("read"), path.id));
    const { media } = await presentMedia(mediaFiles(), record);
    const file = query.variant === "thumbnail" ? media.poster : media.video;
    if (!media.video || !file) throw new NoVideoError(progressOf(record));
    return { statusCode: 302, headers: { location: file.link, "cache-control": "no-store" } };
  },
  VIDEOS_API,
);
