// A picture in the watched folder becomes a request on the bus: it is copied to the uploads, once for each version of it.
import { createHash } from "node:crypto";
import { instant } from "./instant.ts";
import type { Announcements, Clock, MediaFiles, SourceObjects } from "./ports.ts";
import { idOf, LINK_PREFIX, uploadKey } from "./upload.ts";
import { IMAGE_LIMITS } from "../kling/models.ts";

export interface SourceObjectDeps {
  objects: SourceObjects;
  files: Pick<MediaFiles, "put">;
  announcements: Announcements;
  clock: Pick<Clock, "now">;
}

/** One version of an object: the same again is the same picture. */
export interface SourceObject {
  bucket: string;
  key: string;
  versionId?: string | undefined;
  /** Where the bucket keeps no versions. */
  sequencer?: string | undefined;
}

interface Asked {
  tenantId: string;
  detail: object;
}

/**
 * Copies the picture and asks for its video. Repeating it changes nothing: the link and the key are derived from the object.
 * @param requestOf makes the request from the object's metadata
 * @throws SourceImageError when it is too large; what `requestOf` throws
 */
export async function requestFromObject(
  deps: SourceObjectDeps,
  object: SourceObject,
  requestOf: (metadata: Record<string, string>, link: string, idempotencyKey: string) => Asked,
): Promise<{ idempotencyKey: string }> {
  const { bytes, contentType, metadata } = await deps.objects.read(object, IMAGE_LIMITS.maxBytes);
  const name = JSON.stringify([object.bucket, object.key, object.versionId ?? object.sequencer ?? ""]);
  const hash = createHash("sha256").update(name).digest("hex");
  const id = idOf(name);
  const idempotencyKey = `s3:${hash}`;
  const { tenantId, detail } = requestOf(metadata, LINK_PREFIX + id, idempotencyKey);
  await deps.files.put(uploadKey(tenantId, id), bytes, contentType);
  await deps.announcements.announce({
    source: "s3",
    type: "Generation Requested",
    at: instant(deps.clock.now()),
    detail,
  });
  return { idempotencyKey };
}
