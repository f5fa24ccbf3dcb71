// GET /api/spaces/{spaceId}/media: the media of a space, newest first.
import * as z from "zod/mini";
import { listQuery, spacePath } from "../../shared/contract/reading.ts";
import { notOfThisList } from "../../shared/errors-on-the-wire.ts";
import { http, reply } from "../../shared/lambda.ts";
import { presentMedia } from "../../shared/media/present.ts";
import { cursorAfter, mediaAtCursor } from "../../shared/services/cursors.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(z.object({ path: spacePath, query: listQuery }), async ({ path, query }, { caller }) => {
  const space = { tenantId: caller("read").tenantId, spaceId: path.spaceId };
  const before = query.cursor === undefined ? undefined : mediaAtCursor(space, query.cursor);
  if (query.cursor !== undefined && before === undefined) throw notOfThisList();
  const { items, next } = await mediaRecords().list(space, { limit: query.limit, before });
  const shown = await Promise.all(items.map((media) => presentMedia(mediaFiles(), media)));
  const nextCursor = next === undefined ? undefined : cursorAfter({ ...space, mediaId: next });
  return reply(200, { data: { items: shown, nextCursor } });
});
