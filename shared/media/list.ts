// The media of a space, page by page; the cursor of a page is good for its own list alone.
import type { Media, MediaRef } from "./media.ts";
import type { MediaRecords } from "./ports.ts";

/** The places where pages end, as a caller may hold them. */
export interface ListCursors {
  /** The cursor that leads to what comes after this media. */
  after(ref: MediaRef): string;
  /** The id of the media that a cursor leads past; undefined when this list did not give it out. */
  mediaAt(space: Omit<MediaRef, "mediaId">, cursor: string): string | undefined;
}

export interface ListDeps {
  records: Pick<MediaRecords, "list">;
  cursors: ListCursors;
}

/** Newest first, from the cursor on; undefined when the cursor is not one of this list. */
export async function listMedia(
  { records, cursors }: ListDeps,
  space: Omit<MediaRef, "mediaId">,
  { limit, cursor }: { limit: number; cursor?: string },
): Promise<{ items: Media[]; nextCursor: string | undefined } | undefined> {
  const before = cursor === undefined ? undefined : cursors.mediaAt(space, cursor);
  if (cursor !== undefined && before === undefined) return undefined;
  const { items, next } = await records.list(space, { limit, before });
  return { items, nextCursor: next === undefined ? undefined : cursors.after({ ...space, mediaId: next }) };
}
