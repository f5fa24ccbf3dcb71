// GET /api/spaces/{spaceId}/media: the media of a space, newest first.
import * as z from "zod/mini";
import { listQuery, spacePath } from "../../shared/contract/reading.ts";
import { notOfThisList } from "../../shared/edge/http-errors.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { listMedia } from "../../shared/media/list.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { cursors } from "../../shared/services/cursors.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(z.object({ path: spacePath, query: listQuery }), async ({ path, query }, { caller }) => {
  const space = { tenantId: caller("read").tenantId, spaceId: path.spaceId };
  const page = await listMedia({ records: mediaRecords(), cursors }, space, query);
  if (!page) throw notOfThisList();
  const items = await Promise.all(page.items.map((media) => presentMedia(mediaFiles(), media)));
  return reply(200, { data: { items, nextCursor: page.nextCursor } });
});
