// The cursors of lists.
import { listCursor, readListCursor } from "../adapters/list-cursor.ts";
import { EnvironmentError } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { ListCursors } from "../media/list.ts";

export const cursors: ListCursors = {
  after: (ref) => listCursor(cursorSecret(), ref),
  mediaAt: (space, cursor) => readListCursor(cursorSecret(), space, cursor),
};

function cursorSecret(): string {
  const secret = linkedSecret("CursorSecret");
  if (secret === undefined) throw new EnvironmentError("The secret of the lists' cursors is not linked.");
  return secret;
}
