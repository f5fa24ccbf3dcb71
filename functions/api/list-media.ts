// GET /api/spaces/{spaceId}/media: the media of a space, newest first.
import * as z from "zod";
import { cursorAfter, listQuery, spacePath } from "../../shared/contract/reading.ts";
import { http, reply } from "../../shared/lambda.ts";
import { presentMedia } from "../../shared/media/present.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(z.object({ path: spacePath, query: listQuery }), async ({ path, query }, { caller }) => {
  const space = { tenantId: caller().tenantId, spaceId: path.spaceId };
  const { items, next } = await mediaRecords().list(space, { limit: query.limit, before: query.cursor });
  const shown = await Promise.all(items.map((media) => presentMedia(mediaFiles(), media)));
  return reply(200, { data: { items: shown, nextCursor: next && cursorAfter(next) } });
});
