// How a store tells a browser to keep a file instead of showing it.

/** Accents, which a name can do without where only ASCII is read. */
const MARKS = /\p{M}+/gu;
const NOT_ASCII = /[^\x20-\x7e]/gu;
/** Their full-width forms are turned into these in ASCII. */
const UNSAFE = /["\\/:*?<>|%]/g;
/** What RFC 8187 lets stand as it is ("attr-char") is less than what `encodeURIComponent` leaves. */
const NOT_ATTR_CHAR = /['()*]/g;

/**
 * The value of Content-Disposition (RFC 6266) under which a file is kept: the name in ASCII for old readers, and as it is (RFC 8187)
 * where it is more than that. ASCII itself, so that it may stand in a header and in a link.
 * @param fileName any text without quotes, backslashes and control characters (videoFileName makes it)
 */
export function attachment(fileName: string): string {
  const ascii = fileName.normalize("NFKD").replace(MARKS, "").replace(NOT_ASCII, "_").replace(UNSAFE, "_");
  const plain = `attachment; filename="${ascii}"`;
  if (ascii === fileName) return plain;
  const encoded = encodeURIComponent(fileName.toWellFormed()).replace(
    NOT_ATTR_CHAR,
    (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${plain}; filename*=UTF-8''${encoded}`;
}
