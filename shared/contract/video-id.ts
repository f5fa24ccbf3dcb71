// The id of a video where an id has to say all: its space and its media.
import * as z from "zod/mini";
import type { MediaRef } from "../media/media.ts";
import type { ListCursors } from "../media/list.ts";

const PARTS = /^([A-Za-z0-9_-]{1,128})\.([A-Za-z0-9_-]{1,128})$/;

export const videoId = z
  .string()
  .check(
    z.regex(PARTS, "must be the id of a video, as its start or a list gave it"),
    z.meta({ description: "Of the video.", example: "default.019b76da-a800-7000-8000-000000000001" }),
  );

export function videoIdOf({ spaceId, mediaId }: Pick<MediaRef, "spaceId" | "mediaId">): string {
  return `${spaceId}.${mediaId}`;
}

/** The ref of what a caller names. @param id a `videoId` */
export function refOfVideo({ tenantId }: { tenantId: string }, id: string): MediaRef {
  const [, spaceId = "", mediaId = ""] = PARTS.exec(id) ?? [];
  return { tenantId, spaceId, mediaId };
}

/** Pages of videos go on behind the id of the last one: it opens nothing that the caller could not list. */
export const idCursors: ListCursors = {
  after: videoIdOf,
  mediaAt: (space, id) => {
    const { spaceId, mediaId } = refOfVideo(space, id);
    return spaceId === space.spaceId ? mediaId : undefined;
  },
};
