// The source image is copied to our store before fal sees it: fetched once, checked, fitted, stored.
import { FetchError, SourceImageError, SourceImageUnavailableError, type PictureName } from "../media/errors.ts";
import { newSourceKey } from "../media/file-keys.ts";
import type { Media, SourceImage } from "../media/media.ts";
import type { ImageLimits } from "../kling/models.ts";
import type { CheckedFetch, ImageFitter, MediaFiles } from "../media/ports.ts";
import { uploadIdIn, uploadKey } from "../media/upload.ts";

export interface SourceDeps {
  fetch: CheckedFetch;
  images: ImageFitter;
  files: MediaFiles;
}

/** 50 MB at 14 Mbit/s. */
const IMAGE_FETCH_TIMEOUT_MS = 30_000;

/**
 * Fetches, checks, fits and keeps the source image (and the last frame, where one was given).
 * @param limits of the model that gets them
 * @throws SourceImageError when the image cannot be used, SourceImageUnavailableError when its host may answer later
 */
export async function takeSource(
  deps: SourceDeps,
  media: Media,
  attempt: number,
  limits: ImageLimits,
): Promise<SourceImage> {
  const first = await take(
    deps,
    media,
    { link: media.image.link, it: "The picture" },
    newSourceKey(media.id, attempt, "first"),
    limits,
  );
  if (media.tailImageUrl === undefined) return first;
  const tail = await take(
    deps,
    media,
    { link: media.tailImageUrl, it: "The last frame" },
    newSourceKey(media.id, attempt, "tail"),
    limits,
  );
  return { ...first, tailKey: tail.key };
}

/**
 * Where fal gets an image of ours: a link with a random part where fal can reach us, else the bytes themselves.
 * A link presigned by a function's role would die with that role's session, within hours of a queue.
 */
export async function sourceUrl(files: MediaFiles, publicUrl: string | undefined, key: string): Promise<string> {
  if (publicUrl !== undefined) return `${publicUrl}/${key}`;
  const bytes = await files.read(key);
  if (!bytes) throw new SourceImageUnavailableError("our own copy of it is gone");
  return `data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`;
}

/** A picture as the caller named it, and how it is called in a sentence. */
interface Wanted {
  link: string;
  it: PictureName;
}

async function take(
  deps: SourceDeps,
  media: Media,
  wanted: Wanted,
  key: string,
  limits: ImageLimits,
): Promise<SourceImage> {
  const uploadId = uploadIdIn(wanted.link);
  const image =
    uploadId === undefined
      ? await fetchImage(deps.fetch, wanted, limits)
      : await readUpload(deps, media, uploadId, wanted);
  const { bytes, width, height } = await deps.images
    .fit(image, media.aspectRatio, key, limits)
    .catch((error: unknown) => {
      throw error instanceof SourceImageError ? new SourceImageError(error.code, error.detail, wanted.it) : error;
    });
  await deps.files.put(key, bytes, "image/jpeg");
  return { key, width, height, placeholder: await deps.images.placeholder(bytes) };
}

/** An upload is a file of our own and of this tenant: no address is involved that could lead elsewhere. */
async function readUpload(deps: SourceDeps, { tenantId }: Media, id: string, { it }: Wanted): Promise<Uint8Array> {
  const bytes = await deps.files.read(uploadKey(tenantId, id));
  if (!bytes) throw new SourceImageError("image_not_found", "uploads are kept for a week: upload it again", it);
  return bytes;
}

async function fetchImage(fetch: CheckedFetch, { link, it }: Wanted, { maxBytes }: ImageLimits): Promise<Uint8Array> {
  try {
    // Of any type: hosts often mislabel pictures, so the bytes decide.
    const { body } = await fetch(link, { maxBytes, timeoutMs: IMAGE_FETCH_TIMEOUT_MS });
    return await wholeBody(body);
  } catch (error) {
    throw error instanceof FetchError ? imageError(error, it) : error;
  }
}

/** All bytes of a body that the checked door has bounded. */
export async function wholeBody(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function imageError({ reason, message }: FetchError, it: PictureName): Error {
  const detail = message.replace(/\.$/, "");
  switch (reason) {
    case "unavailable":
      return new SourceImageUnavailableError(detail, it);
    case "forbidden":
      return new SourceImageError("image_link_forbidden", undefined, it);
    case "not_found":
      return new SourceImageError("image_not_found", `check the address: ${detail}`, it);
    case "too_large":
      return new SourceImageError("image_too_large", undefined, it);
    case "refused":
    case "unreachable":
    case "redirect":
      return new SourceImageError("image_unreachable", detail, it);
  }
}
