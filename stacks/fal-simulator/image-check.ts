// A Kling model's check of its image: fetched or decoded, measured by its bytes, refused with fal's own error types.
import sharp from "sharp";
import type { Clock } from "./clock.ts";

const MAX_BYTES = 10 * 1024 * 1024;
const MIN_SIDE = 300;
const MAX_RATIO = 2.5;
const FETCH_TIMEOUT_MS = 20_000;
const FORMATS: readonly string[] = ["jpeg", "png", "webp"];

export interface ModelError {
  loc: string[];
  msg: string;
  type: string;
  input?: unknown;
  ctx?: Record<string, unknown>;
}

export type ImageVerdict = { width: number; height: number } | { error: ModelError };

/** Measures the image at an http(s) or `data:` URL, or says what a Kling model would have against it. */
export async function checkImage(url: string, field: string, clock: Clock): Promise<ImageVerdict> {
  const refuse = (type: string, msg: string, ctx?: Record<string, unknown>): ImageVerdict => ({
    error: { loc: ["body", field], msg, type, input: shortened(url), ...(ctx && { ctx }) },
  });

  const bytes = url.startsWith("data:") ? decodeDataUri(url) : await download(url, clock);
  if (bytes === undefined) {
    return refuse("file_download_error", "Failed to download the file. Please check if the URL is accessible.");
  }
  if (bytes.length > MAX_BYTES) return refuse("file_too_large", "File size exceeds the limit", { max_size: MAX_BYTES });

  const facts = await measure(bytes);
  if (facts === undefined) return refuse("image_load_error", "Failed to load the image. It may be corrupted.");
  if (!FORMATS.includes(facts.format)) {
    return refuse("unsupported_image_format", "Unsupported image format", { supported_formats: FORMATS });
  }
  const { width, height } = facts.autoOrient;
  if (width < MIN_SIDE || height < MIN_SIDE) {
    return refuse("image_too_small", `Image must be at least ${MIN_SIDE}x${MIN_SIDE} pixels`, {
      min_width: MIN_SIDE,
      min_height: MIN_SIDE,
    });
  }
  if (Math.max(width / height, height / width) > MAX_RATIO) {
    return refuse("value_error", "Image aspect ratio must be between 1:2.5 and 2.5:1");
  }
  return { width, height };
}

/** A URL fit for a log or an error: a `data:` URI keeps only its beginning. */
export function shortened(url: string): string {
  return url.startsWith("data:") && url.length > 100 ? `${url.slice(0, 60)}... (${url.length} characters)` : url;
}

async function measure(bytes: Buffer) {
  try {
    return await sharp(bytes).metadata();
  } catch {
    return undefined;
  }
}

function decodeDataUri(uri: string): Buffer | undefined {
  const comma = uri.indexOf(",");
  if (comma < 0) return undefined;
  const payload = uri.slice(comma + 1);
  if (uri.slice(0, comma).endsWith(";base64")) return Buffer.from(payload, "base64");
  return URL.canParse(uri) ? Buffer.from(unescape(payload), "latin1") : undefined;
}

async function download(url: string, clock: Clock): Promise<Buffer | undefined> {
  const abort = new AbortController();
  const cancelTimeout = clock.after(FETCH_TIMEOUT_MS, () => abort.abort());
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) return undefined;
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of response.body) {
      if (!(chunk instanceof Uint8Array)) continue;
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_BYTES) break;
    }
    return Buffer.concat(chunks);
  } catch {
    return undefined;
  } finally {
    cancelTimeout();
  }
}
