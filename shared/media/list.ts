// The media of a space, page by page; a cursor is valid only for its own list.
import { modelOf, type Media, type MediaRef } from "./media.ts";
import type { MediaRecords } from "./ports.ts";
import { progressOf } from "./progress.ts";
import type { Progress } from "./status.ts";

/** Where a page ends, in the form that a caller holds. */
export interface ListCursors {
  /** The cursor of the page after this media. */
  after(ref: MediaRef): string;
  /** The id of the media before a cursor; undefined when this list did not issue it. */
  mediaAt(space: Omit<MediaRef, "mediaId">, cursor: string): string | undefined;
}

export interface ListDeps {
  records: Pick<MediaRecords, "list">;
  cursors: ListCursors;
}

export interface ListPage {
  limit: number;
  cursor?: string;
  status?: Progress;
  model?: string;
  /** When it was started, ISO 8601: then or later. */
  from?: string;
  /** Before then. */
  to?: string;
  oldestFirst?: boolean;
}

/**
 * Newest first unless it is said otherwise, from the cursor on, of this status, model and time where they are named; undefined when the cursor is not one of this list.
 * Fewer than `limit` where more would not fit into an answer.
 */
export async function listMedia(
  { records, cursors }: ListDeps,
  space: Omit<MediaRef, "mediaId">,
  { limit, cursor, status, model, from, to, oldestFirst }: ListPage,
): Promise<{ items: Media[]; nextCursor: string | undefined } | undefined> {
  const seen = cursor === undefined ? undefined : cursors.mediaAt(space, cursor);
  if (cursor !== undefined && seen === undefined) return undefined;
  const [fromMs, toMs] = [
    from === undefined ? -Infinity : Date.parse(from),
    to === undefined ? Infinity : Date.parse(to),
  ];
  const wanted = (media: Media) => {
    const startedMs = Date.parse(media.createdAt);
    return (
      (status === undefined || progressOf(media) === status) &&
      (model === undefined || modelOf(media) === model) &&
      startedMs >= fromMs &&
      startedMs < toMs
    );
  };
  const page = await records.list(space, { limit, seen, oldestFirst, wanted });
  const items = fitting(page.items);
  const next = items.length < page.items.length ? items.at(-1)?.id : page.next;
  return { items, nextCursor: next === undefined ? undefined : cursors.after({ ...space, mediaId: next }) };
}

/** A Lambda answers with 6 MB at most, its JSON quoted once more (AWS: "Lambda quotas"). */
const ANSWER_MAX_BYTES = 5_500_000;

/** Four signed links, of up to 2 KB each. */
const LINKS_BYTES = 8000;

/** As many of the first as fit into an answer, and one in any case. */
function fitting(items: Media[]): Media[] {
  let left = ANSWER_MAX_BYTES;
  const end = items.findIndex((media, at) => {
    left -= LINKS_BYTES + Buffer.byteLength(JSON.stringify(JSON.stringify(media)));
    return left < 0 && at > 0;
  });
  return end < 0 ? items : items.slice(0, end);
}
