// What may be the key of a file, in every store.

/** Segments of letters, digits, `_`, `-` and inner dots: nothing that climbs, hides or needs encoding in a URL. */
const KEY = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/** @throws RangeError */
export function checkedKey(key: string): string {
  if (!KEY.test(key)) throw new RangeError(`"${key}" cannot be the key of a file.`);
  return key;
}
