// The place in a list that a page ended at, for its tenant and its space alone: nobody else can make or use one.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { MediaRef } from "../media/media.ts";

type Space = Omit<MediaRef, "mediaId">;

/** `<media id>.<proof>`, both in base64url. */
export function listCursor(secret: string, ref: MediaRef): string {
  return `${Buffer.from(ref.mediaId).toString("base64url")}.${proofOf(secret, ref).toString("base64url")}`;
}

/** The id of the last media seen; undefined when this list did not give the cursor out. */
export function readListCursor(secret: string, space: Space, cursor: string): string | undefined {
  const [place = "", proof = ""] = cursor.split(".");
  const mediaId = Buffer.from(place, "base64url").toString();
  const [given, right] = [Buffer.from(proof, "base64url"), proofOf(secret, { ...space, mediaId })];
  return given.length === right.length && timingSafeEqual(given, right) ? mediaId : undefined;
}

/** As JSON, so that no name can imitate the border between two. */
function proofOf(secret: string, { tenantId, spaceId, mediaId }: MediaRef): Buffer {
  return createHmac("sha256", secret)
    .update(`cursor\n${JSON.stringify([tenantId, spaceId, mediaId])}`)
    .digest();
}
