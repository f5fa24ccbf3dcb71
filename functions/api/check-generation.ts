// POST /api/media/check-generation: where a generation stands, from the record alone. The first such call takes a running job of
// the original application over.
import * as z from "zod/mini";
import { checkRequest } from "../../shared/contract/reading.ts";
import { setting } from "../../shared/environment.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { adoptRunning } from "../../shared/generation/adopt.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { progressOf } from "../../shared/media/progress.ts";
import { readMedia } from "../../shared/media/read.ts";
import { clock } from "../../shared/services/clock.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(z.object({ body: checkRequest }), async ({ body }, { caller }) => {
  const { spaceId, mediaSpace } = body;
  const ref = { tenantId: caller("read").tenantId, spaceId, mediaId: mediaSpace.id };
  const deadlineSeconds = setting("GENERATION_DEADLINE_SECONDS");
  const deps = { records: mediaRecords(), clock, deadlineSeconds };
  const media = await adoptRunning(deps, await readMedia(deps, ref));
  return reply(200, {
    data: {
      status: progressOf(media),
      phase: media.phase,
      queue_position: media.queuePosition,
      mediaSpace: await presentMedia(mediaFiles(), media),
    },
  });
});
