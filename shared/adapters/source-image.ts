// Makes of a user's picture what Kling shall see: a plain sRGB JPEG of known size, with nothing of the user's metadata in it.
import sharp, { type ResizeOptions } from "sharp";
import { SourceImageError } from "../media/errors.ts";
import { type AspectRatio, FORMATS, IMAGE_MAX_BYTES, IMAGE_RATIO_MAX } from "../kling/models.ts";
import type { ImageFitter, ImageInspector } from "../media/ports.ts";

const INPUT_MAX_PIXELS = 100_000_000;

/** Kling animates pictures of at least 300 px a side (fal.ai model page). */
const SIDE_MIN_PIXELS = 300;

/** Long side of a picture for which no format was asked: as long as those of FORMATS. */
const SIDE_MAX_PIXELS = 1920;

/**
 * Stays under 4 MB whatever the picture: 1920 x 1920 pixels of the worst noise we found make 3.7 MB. A Lambda serves the
 * source, and its answer holds 6 MB at most, base64 included.
 */
const JPEG_QUALITY = 90;

/** Throws a SourceImageError with the code of what is wrong; looks at the bytes, never at a name or a declared type. */
export const fitImage: ImageFitter["fit"] = async (image, format, mark) => {
  const { width, height, measured } = await acceptable(image);
  if (!format && Math.max(width, height) > IMAGE_RATIO_MAX * Math.min(width, height))
    throw new SourceImageError("image_ratio_unsupported", measured);

  // sharp converts to 8-bit sRGB and drops all metadata unless told otherwise: it is told to write the mark, and only that.
  const { data, info } = await sharp(image, { failOn: "error", limitInputPixels: INPUT_MAX_PIXELS })
    .autoOrient()
    .resize(frameOf(format))
    .flatten({ background: "white" })
    .withExif({ IFD0: { ImageDescription: mark } })
    .jpeg({ quality: JPEG_QUALITY })
    .toBuffer({ resolveWithObject: true })
    .catch(unreadable);
  return { bytes: data, width: info.width, height: info.height };
};

/** As `fit`, for a format that is not chosen yet: only what no format could mend is refused, and nothing is made. */
export const inspectImage: ImageInspector["inspect"] = async (image) => {
  const { width, height } = await acceptable(image);
  // Damage shows only where the pixels are read; into a stamp, which costs the least.
  const stamp = { width: 16, height: 16, fit: "inside" } as const;
  await sharp(image, { failOn: "error", limitInputPixels: INPUT_MAX_PIXELS })
    .resize(stamp)
    .raw()
    .toBuffer()
    .catch(unreadable);
  return { width, height };
};

/** What holds for every format. @throws SourceImageError */
async function acceptable(image: Uint8Array) {
  if (image.byteLength > IMAGE_MAX_BYTES) throw new SourceImageError("image_too_large");
  if (!isJpegPngOrWebp(image)) throw new SourceImageError("image_type_unsupported");
  const { width, height } = await measure(image);
  const measured = `this one has ${width} x ${height}`;
  if (width * height > INPUT_MAX_PIXELS) throw new SourceImageError("image_too_large", measured);
  if (Math.min(width, height) < SIDE_MIN_PIXELS) throw new SourceImageError("image_too_small", measured);
  return { width, height, measured };
}

/** Long side of a placeholder: what a browser stretches it to looks blurred, and as WebP it has about 150 bytes. */
const PLACEHOLDER_PIXELS = 16;

/** As a `data:` URI. */
export const makePlaceholder: ImageFitter["placeholder"] = async (image) => {
  const frame: ResizeOptions = { width: PLACEHOLDER_PIXELS, height: PLACEHOLDER_PIXELS, fit: "inside" };
  const small = await sharp(image).resize(frame).webp({ quality: 50 }).toBuffer();
  return `data:image/webp;base64,${small.toString("base64")}`;
};

/** Told by the first bytes, so that foreign bytes reach these three decoders only (not, say, the one for SVG). */
function isJpegPngOrWebp(image: Uint8Array): boolean {
  const start = Buffer.from(image.subarray(0, 12)).toString("latin1");
  if (start.startsWith("RIFF")) return start.startsWith("WEBP", 8);
  return start.startsWith("\xff\xd8\xff") || start.startsWith("\x89PNG\r\n\x1a\n");
}

/** Width and height as a viewer shows them, from the header alone. */
async function measure(image: Uint8Array): Promise<{ width: number; height: number }> {
  const { autoOrient } = await sharp(image, { limitInputPixels: false }).metadata().catch(unreadable);
  return autoOrient;
}

function frameOf(format: AspectRatio | undefined): ResizeOptions {
  if (format) return { ...FORMATS[format], fit: "cover", position: "centre" };
  return { width: SIDE_MAX_PIXELS, height: SIDE_MAX_PIXELS, fit: "inside", withoutEnlargement: true };
}

function unreadable(): never {
  throw new SourceImageError("image_unreadable");
}
