// The place in a list where a page ended, signed for its tenant and its space: no other caller can make or use one.
import type { MediaRef } from "../media/media.ts";
import { isSigned, sign } from "./signed.ts";

type Space = Omit<MediaRef, "mediaId">;

/** `<media id>.<proof>`, both in base64url. */
export function listCursor(secret: string, ref: MediaRef): string {
  return `${Buffer.from(ref.mediaId).toString("base64url")}.${sign(secret, signedText(ref), "base64url")}`;
}

/** The id of the last media seen; undefined when this list did not give the cursor out. */
export function readListCursor(secret: string, space: Space, cursor: string): string | undefined {
  const [place = "", proof = ""] = cursor.split(".");
  const mediaId = Buffer.from(place, "base64url").toString();
  return isSigned(secret, signedText({ ...space, mediaId }), proof, "base64url") ? mediaId : undefined;
}

/** As JSON, so that no name can imitate the border between two. */
function signedText({ tenantId, spaceId, mediaId }: MediaRef): string {
  return `cursor\n${JSON.stringify([tenantId, spaceId, mediaId])}`;
}
