// Makes the source image for Kling of a user's picture: a plain sRGB JPEG of known size, without the user's metadata.
import { crc32, deflateSync } from "node:zlib";
import sharp, { type ResizeOptions } from "sharp";
import { SourceImageError } from "../media/errors.ts";
import { type AspectRatio, FORMATS, IMAGE_LIMITS, type ImageLimits } from "../kling/models.ts";
import type { ImageFitter, ImageInspector } from "../media/ports.ts";

const INPUT_MAX_PIXELS = 100_000_000;

/** Long side of a picture for which no format was asked: as long as those of FORMATS. */
const SIDE_MAX_PIXELS = 1920;

/**
 * Stays under 4 MB whatever the picture: 1920 x 1920 pixels of the worst noise we found make 3.7 MB. A Lambda serves the
 * source, and its answer holds 6 MB at most, base64 included.
 */
const JPEG_QUALITY = 90;

/** Throws a SourceImageError with the code of what is wrong; looks at the bytes, never at a name or a declared type. */
export const fitImage: ImageFitter["fit"] = async (image, format, mark, limits) => {
  const { width, height, measured, deepProfile } = await acceptable(image, limits);
  if (!format && Math.max(width, height) > limits.maxRatio * Math.min(width, height))
    throw new SourceImageError("image_ratio_unsupported", measured);

  const fitted = async (bytes: Uint8Array) => {
    const shallow = deepProfile ? await inEightBits(bytes, frameOf(format), deepProfile) : bytes;
    // sharp converts to 8-bit sRGB and drops all metadata unless told otherwise: it is told to write the mark, and only that.
    return sharp(shallow, STRICT)
      .autoOrient()
      .resize(frameOf(format))
      .flatten({ background: "white" })
      .withExif({ IFD0: { ImageDescription: mark } })
      .jpeg({ quality: JPEG_QUALITY })
      .toBuffer({ resolveWithObject: true });
  };
  const { data, info } = await decoded(image, fitted);
  return { bytes: data, width: info.width, height: info.height };
};

/** As `fit`, before a format is chosen: refuses only what no format could fix, and makes nothing. */
export const inspectImage: ImageInspector["inspect"] = async (image) => {
  const { width, height } = await acceptable(image, IMAGE_LIMITS);
  // Damage shows only where the pixels are read; into a stamp, which costs the least.
  const stamp = { width: 16, height: 16, fit: "inside" } as const;
  await decoded(image, (bytes) => sharp(bytes, STRICT).resize(stamp).raw().toBuffer());
  return { width, height };
};

const STRICT = { failOn: "error", limitInputPixels: INPUT_MAX_PIXELS } as const;

/**
 * Decodes a picture. One that lacks nothing but its end is whole, as every viewer has it (a JPEG cut by two bytes): with an
 * end of our own, the decoder warns where pixels are missing before it, as long as it decodes all of them.
 * @throws SourceImageError image_unreadable
 */
async function decoded<R>(image: Uint8Array, decode: (image: Uint8Array) => Promise<R>): Promise<R> {
  try {
    return await decode(image);
  } catch {
    const end = startsWith(image, JPEG_START) ? JPEG_END : PNG_END;
    if (!startsWith(image, JPEG_START) && !startsWith(image, PNG_START)) return unreadable();
    const mended = Buffer.concat([image, end]);
    const allPixels = sharp(mended, { ...STRICT, failOn: "warning" })
      .greyscale()
      .raw()
      .toBuffer();
    return allPixels.then(() => decode(mended)).catch(unreadable);
  }
}
const JPEG_START = "\xff\xd8\xff";
const PNG_START = "\x89PNG\r\n\x1a\n";
const JPEG_END = Buffer.from("\xff\xd9", "latin1");
const PNG_END = Buffer.from("\0\0\0\0IEND\xaeB`\x82", "latin1");

/**
 * A PNG of 16 bits a channel that has a profile, in 8 bits and with the same profile: sharp takes such pixels through
 * Display P3 and calls them sRGB (lovell/sharp issue 2862), up to 50 of 255 off; those of 8 bits it converts rightly.
 */
async function inEightBits(
  image: Uint8Array,
  frame: ResizeOptions,
  { icc, space }: { icc: Buffer; space: "b-w" | "srgb" },
): Promise<Uint8Array> {
  const png = await sharp(image, { ...STRICT, ignoreIcc: true })
    .autoOrient()
    .resize(frame)
    .toColourspace(space)
    .png({ compressionLevel: 0 })
    .toBuffer();
  const chunk = Buffer.concat([Buffer.from("iCCPicc\0\0", "latin1"), deflateSync(icc)]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(chunk.length - 4);
  sum.writeUInt32BE(crc32(chunk));
  // IHDR, the first chunk, ends at byte 33 (PNG, sections 5 and 11.3.2.3).
  return Buffer.concat([png.subarray(0, 33), length, chunk, sum, png.subarray(33)]);
}

/** What holds for every format. @throws SourceImageError */
async function acceptable(image: Uint8Array, limits: ImageLimits) {
  if (image.byteLength > limits.maxBytes) throw new SourceImageError("image_too_large");
  if (!isJpegPngOrWebp(image)) throw new SourceImageError("image_type_unsupported", kindOf(image));
  const { autoOrient, depth, icc, space } = await sharp(image, { limitInputPixels: false })
    .metadata()
    .catch(unreadable);
  const { width, height } = autoOrient;
  const measured = `this one has ${width} x ${height}`;
  if (width * height > INPUT_MAX_PIXELS) throw new SourceImageError("image_too_large", measured);
  if (Math.min(width, height) < limits.minSide) throw new SourceImageError("image_too_small", measured);
  const ownSpace = space === "grey16" ? "b-w" : "srgb";
  const deepProfile = depth === "ushort" && icc ? ({ icc, space: ownSpace } as const) : undefined;
  return { width, height, measured, deepProfile };
}

/** Long side of a placeholder: what a browser stretches it to looks blurred, and as WebP it has about 150 bytes. */
const PLACEHOLDER_PIXELS = 16;

/** As a `data:` URI. */
export const makePlaceholder: ImageFitter["placeholder"] = async (image) => {
  const frame: ResizeOptions = { width: PLACEHOLDER_PIXELS, height: PLACEHOLDER_PIXELS, fit: "inside" };
  const small = await sharp(image).resize(frame).webp({ quality: 50 }).toBuffer();
  return `data:image/webp;base64,${small.toString("base64")}`;
};

/** Detected by the first bytes, so that foreign bytes reach these three decoders only (not, say, the one for SVG). */
function isJpegPngOrWebp(image: Uint8Array): boolean {
  if (startsWith(image, "RIFF")) return startsWith(image, "WEBP", 8);
  return startsWith(image, JPEG_START) || startsWith(image, PNG_START);
}

/** Other files that people send as a picture: their first bytes (at which offset), and what they are. */
const OTHER_KINDS: [pattern: RegExp, kind: string][] = [
  [/^$/, "this is an empty file"],
  [/^.{4}ftyp(hei|hev|mif1|msf1)/s, "this is a HEIC, as iPhones take them: share or export it as JPEG"],
  [/^.{4}ftypavi[fs]/s, "this is an AVIF"],
  [/^.{4}ftyp/s, "this is a video: take one of its frames"],
  [/^\p{Cc}E\xdf\xa3|^RIFF.{4}AVI /su, "this is a video: take one of its frames"],
  [/^GIF8/, "this is a GIF: take one of its frames"],
  [/^(II\*\0|MM\0\*)/, "this is a TIFF, or a camera's raw file"],
  [/^BM/, "this is a BMP"],
  [/^(\xff\n|.{4}JXL )/s, "this is a JPEG XL"],
  [/^.{4}jP/s, "this is a JPEG 2000"],
  [/^8BPS/, "this is a Photoshop file"],
  [/^%PDF/, "this is a PDF"],
  [/^PK/, "this is a ZIP archive"],
  [/^\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!doctype svg[^>]*>\s*)?<svg[\s>]/is, "this is an SVG, a drawing"],
  [/^\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body|script)/is, "this is a web page, not the picture on it"],
  [/^[\t\n\r\x20-\x7e\x80-\xff]+$/, "this is a text"],
];

function kindOf(image: Uint8Array): string | undefined {
  const start = Buffer.from(image.subarray(0, 512))
    .toString("latin1")
    .replace(/^\xef\xbb\xbf/, "");
  return OTHER_KINDS.find(([pattern]) => pattern.test(start))?.[1];
}

function startsWith(bytes: Uint8Array, text: string, at = 0): boolean {
  return Buffer.from(bytes.subarray(at, at + text.length)).toString("latin1") === text;
}

function frameOf(format: AspectRatio | undefined): ResizeOptions {
  if (format) return { ...FORMATS[format], fit: "cover", position: "centre" };
  return { width: SIDE_MAX_PIXELS, height: SIDE_MAX_PIXELS, fit: "inside", withoutEnlargement: true };
}

function unreadable(): never {
  throw new SourceImageError("image_unreadable");
}
