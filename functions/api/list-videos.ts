// GET /v1/videos: the videos of a space, page by page.
import * as z from "zod/mini";
import { idCursors } from "../../shared/contract/video-id.ts";
import { DEFAULT_SPACE, showVideo, spaceHeader, videosQuery } from "../../shared/contract/videos.ts";
import { header } from "../../shared/edge/header.ts";
import { notOfThisList } from "../../shared/edge/http-errors.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { VIDEOS_API } from "../../shared/edge/videos-api.ts";
import { listMedia } from "../../shared/media/list.ts";
import { mediaRecords } from "../../shared/services/media-records.ts";

export const handler = http(
  z.object({ query: videosQuery }),
  async ({ query: { limit, order, after } }, { headers, caller }) => {
    const spaceId = header(headers, "x-space-id", spaceHeader) ?? DEFAULT_SPACE;
    const space = { tenantId: caller("read").tenantId, spaceId };
    const asked = { limit, oldestFirst: order === "asc", ...(after !== undefined && { cursor: after }) };
    const page = await listMedia({ records: mediaRecords(), cursors: idCursors }, space, asked);
    if (!page) throw notOfThisList("after");
    const data = page.items.map(showVideo);
    const last = page.nextCursor ?? data.at(-1)?.id ?? null;
    const has_more = page.nextCursor !== undefined;
    return reply(200, { object: "list", data, first_id: data[0]?.id ?? null, last_id: last, has_more });
  },
  VIDEOS_API,
);
