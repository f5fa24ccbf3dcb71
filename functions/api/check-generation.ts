// POST /api/media/check-generation: where a generation stands, from the record alone. The first such call takes a running job of
// the original application over.
import * as z from "zod/mini";
import { checkRequest } from "../../shared/contract/reading.ts";
import { refIn } from "../../shared/media/media.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { adoptRunning } from "../../shared/generation/adopt.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { progressOf } from "../../shared/media/progress.ts";
import { readMedia } from "../../shared/media/read.ts";
import { adoptDeps } from "../../shared/services/adopt-deps.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";

export const handler = http(z.object({ body: checkRequest }), async ({ body }, { caller }) => {
  const ref = refIn(caller("read"), { spaceId: body.spaceId, id: body.mediaSpace.id });
  const media = await adoptRunning(adoptDeps(), await readMedia(adoptDeps(), ref));
  return reply(200, {
    data: {
      status: progressOf(media),
      phase: media.phase,
      queue_position: media.queuePosition,
      mediaSpace: await presentMedia(mediaFiles(), media),
    },
  });
});
