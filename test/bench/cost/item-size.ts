// How large an item is to DynamoDB, and so what reading and writing it costs in units.

/** A value as DynamoDB's API writes it: `{ S: "..." }`. */
export type AttributeValue = Record<string, unknown>;
export type StoredAttributes = Record<string, AttributeValue>;

/** Bytes of an item (AWS: DynamoDB developer guide, "DynamoDB item sizes and formats"). */
export function itemBytes(item: StoredAttributes): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueBytes(value), 0);
}

function valueBytes(value: AttributeValue): number {
  const [[type, content] = ["NULL", true]] = Object.entries(value);
  switch (type) {
    case "S":
      return Buffer.byteLength(String(content));
    case "N":
      // "approximately 1 byte per two significant digits, plus 1 byte"
      return Math.ceil(String(content).replace(/^-?0*\.?0*|\D/g, "").length / 2) + 1;
    case "M":
      return 3 + itemBytes(content as StoredAttributes) + Object.keys(content as object).length;
    case "L":
      return 3 + (content as AttributeValue[]).reduce((sum, it) => sum + 1 + valueBytes(it), 0);
    default:
      return 1;
  }
}

const KB = 1024;

/** A write of up to 1 KB is one unit; of the item before and the item after, the larger counts. */
export function writeUnits(...items: (StoredAttributes | undefined)[]): number {
  return Math.max(1, ...items.map((item) => Math.ceil(itemBytes(item ?? {}) / KB)));
}

/** A read of up to 4 KB is one unit when it is consistent, half of one when not. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / (4 * KB))) * (consistent ? 1 : 0.5);
}

/** What a write costs in an index that holds keys alone: a changed key is a deletion and a write. */
export function indexWriteUnits(
  before: StoredAttributes | undefined,
  after: StoredAttributes | undefined,
  keys: readonly string[],
): number {
  const entry = (item: StoredAttributes | undefined) =>
    item && keys.every((key) => item[key] !== undefined) ? JSON.stringify(keys.map((key) => item[key])) : undefined;
  const [was, is] = [entry(before), entry(after)];
  if (was === is) return 0;
  return was !== undefined && is !== undefined ? 2 : 1;
}
