// The cursors of lists.
import { listCursor, readListCursor } from "../adapters/list-cursor.ts";
import { EnvironmentError } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { MediaRef } from "../media/media.ts";

/** The cursor that leads to what comes after this media. */
export function cursorAfter(ref: MediaRef): string {
  return listCursor(cursorSecret(), ref);
}

/** The id of the media that a cursor leads past; undefined when it is not one of this list. */
export function mediaAtCursor(space: Omit<MediaRef, "mediaId">, cursor: string): string | undefined {
  return readListCursor(cursorSecret(), space, cursor);
}

function cursorSecret(): string {
  const secret = linkedSecret("CursorSecret");
  if (secret === undefined) throw new EnvironmentError("The secret of the lists' cursors is not linked.");
  return secret;
}
