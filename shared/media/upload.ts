// A picture from the user's disk: an address to upload it to, a check of the bytes, and the link that stands for it.
import { createHash } from "node:crypto";
import { PictureTooLargeToSendError, SourceImageError, UploadNotFoundError } from "./errors.ts";
import { instant, type Instant } from "./instant.ts";
import { IMAGE_LIMITS } from "../kling/models.ts";
import type { Clock, ImageInspector, MediaFiles, PresignedUpload, UploadPlaces } from "./ports.ts";

/** An id of ours. */
export const UPLOAD_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What the link of an upload begins with. */
export const LINK_PREFIX = "upload:";

/** A picture of 50 MB over a slow line takes some minutes. */
const PLACE_SECONDS = 15 * 60;

/**
 * An address to upload so many bytes to, for this tenant alone.
 * @throws SourceImageError when the picture would be too large
 */
export async function openUpload(
  deps: { places: UploadPlaces; clock: Clock; newId(nowMs: number): string },
  { tenantId, size }: { tenantId: string; size: number },
): Promise<{ id: string; put: PresignedUpload; expiresAt: Instant }> {
  if (size > IMAGE_LIMITS.maxBytes) throw new SourceImageError("image_too_large");
  const now = deps.clock.now();
  const id = deps.newId(now);
  const expiresAt = now + PLACE_SECONDS * 1000;
  return { id, put: await deps.places.open(uploadKey(tenantId, id), size, expiresAt), expiresAt: instant(expiresAt) };
}

/**
 * Checks the uploaded bytes.
 * @throws UploadNotFoundError, SourceImageError with what is wrong with the picture
 */
export async function checkUpload(
  deps: { files: Pick<MediaFiles, "read">; images: ImageInspector },
  { tenantId, id }: { tenantId: string; id: string },
): Promise<{ link: string; width: number; height: number }> {
  const bytes = await deps.files.read(uploadKey(tenantId, id));
  if (!bytes) throw new UploadNotFoundError();
  return { link: LINK_PREFIX + id, ...(await deps.images.inspect(bytes)) };
}

/**
 * Of a picture that comes inside a request. Lambda takes 6 MB in all (AWS: "Lambda quotas"), in which bytes are written in
 * base64, a third longer.
 */
const SENT_PICTURE_MAX_BYTES = 4 * 1024 * 1024;

/**
 * The link of a picture that came inside a request, before it is kept: the same bytes have the same link, so that a request that
 * comes again is the same request.
 * @throws PictureTooLargeToSendError
 */
export function linkOfSent(bytes: Uint8Array): string {
  if (bytes.byteLength > SENT_PICTURE_MAX_BYTES) throw new PictureTooLargeToSendError(SENT_PICTURE_MAX_BYTES);
  return LINK_PREFIX + idOf(bytes);
}

/** Keeps it among the tenant's uploads, where its link leads. */
export async function keepSent(
  { files }: { files: Pick<MediaFiles, "put"> },
  tenantId: string,
  { bytes, contentType }: SentPicture,
): Promise<void> {
  await files.put(uploadKey(tenantId, idOf(bytes)), bytes, contentType);
}

/** A picture that came inside a request. */
export interface SentPicture {
  bytes: Uint8Array;
  contentType: string;
}

/** An id of an upload that is made of what it is of. */
export function idOf(content: Uint8Array | string): string {
  const hash = createHash("sha256").update(content).digest("hex");
  return hash.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, "$1-$2-$3-$4-$5");
}

/** The id in an upload's link; undefined for the links of the web. */
export function uploadIdIn(link: string): string | undefined {
  return link.startsWith(LINK_PREFIX) ? link.slice(LINK_PREFIX.length) : undefined;
}

/**
 * The file of an upload. The tenant is part of the key, so that a link leads to the sender's own file or to none;
 * hashed, because a tenant's name may hold what a key may not.
 */
export function uploadKey(tenantId: string, id: string): string {
  return `uploads/${createHash("sha256").update(tenantId).digest("hex").slice(0, 32)}/${id}`;
}
