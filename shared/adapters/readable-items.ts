// A list out of the table: an unreadable item is left out and reported, so that it does not hide the rest.
import type * as z from "zod/mini";

/** The report of an item that is left out: its key and what is wrong with it, never its values. */
export interface UnreadableItem {
  /** Its key in the table: `pk sk`. */
  item: string;
  fields: string[];
}

export type TellUnreadable = (left: UnreadableItem) => Promise<void>;

/** The items that match what this version writes, in their order; each of the others is reported. */
export async function readableItems<T>(
  items: readonly Record<string, unknown>[],
  shape: z.ZodMiniType<T>,
  tellUnreadable: TellUnreadable,
): Promise<T[]> {
  const readable: T[] = [];
  for (const item of items) {
    const read = shape.safeParse(item);
    if (read.success) {
      readable.push(read.data);
      continue;
    }
    const fields = [...new Set(read.error.issues.map(({ path }) => String(path[0])))];
    await tellUnreadable({ item: `${String(item["pk"])} ${String(item["sk"])}`, fields });
  }
  return readable;
}
