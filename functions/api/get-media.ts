// GET /api/spaces/{spaceId}/media/{id}: one media; with sinceVersion and waitSeconds, as soon as it has changed.
import * as z from "zod/mini";
import { mediaPath, watchQuery } from "../../shared/contract/reading.ts";
import { refIn } from "../../shared/media/media.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { watchMedia } from "../../shared/media/watch.ts";
import { clock } from "../../shared/services/clock.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(z.object({ path: mediaPath, query: watchQuery }), async ({ path, query }, { caller }) => {
  const ref = refIn(caller("read"), path);
  const media = await watchMedia({ records: mediaRecords(), clock }, ref, query);
  if (!media) return { statusCode: 204, headers: { "cache-control": "no-store" } };
  return reply(200, { data: { mediaSpace: await presentMedia(mediaFiles(), media) } });
});
