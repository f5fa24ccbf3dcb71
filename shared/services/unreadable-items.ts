// Logs the items that a list had to leave out. The log is read with its first line.
import type { UnreadableItem } from "../adapters/readable-items.ts";

export async function tellUnreadable({ item, fields }: UnreadableItem): Promise<void> {
  const { log } = await import("./log.ts");
  log().warn("an item of a list cannot be read and is left out", { code: "item_unreadable", item, fields });
}
