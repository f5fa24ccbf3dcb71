// Places in the local store where a caller may put one file: signed, for so many bytes, for a while.
import type { UploadPlaces } from "../media/ports.ts";
import { checkedKey } from "./checked-key.ts";
import { isSigned, sign } from "./signed.ts";

/** What signs and checks a place. */
export interface LocalPlace {
  key: string;
  /** Bytes, and epoch milliseconds, as they stand in the URL. */
  size: string;
  expires: string;
  signature: string;
}

/** `linkOrigin` is where the route that takes `PUT /files/<key>` is reached. */
export function createLocalUploadPlaces(options: { linkOrigin: string; linkSecret: string }): UploadPlaces {
  const { linkOrigin, linkSecret } = options;
  return {
    async open(key, size, expiresAt) {
      const place = { key: checkedKey(key), size: String(size), expires: String(expiresAt) };
      const signature = sign(linkSecret, signedText(place), "hex");
      const url = `${linkOrigin}/files/${key}?size=${size}&expires=${expiresAt}&signature=${signature}`;
      return { method: "PUT", url, headers: {} };
    },
  };
}

/** True when the place is ours and has not expired. */
export function verifyLocalPlace(place: LocalPlace, { linkSecret, now }: { linkSecret: string; now: () => number }) {
  return isSigned(linkSecret, signedText(place), place.signature, "hex") && Number(place.expires) > now();
}

/** Begins with another word than the text of a link, so that neither signature is valid for the other. */
function signedText({ key, size, expires }: Omit<LocalPlace, "signature">): string {
  return `put\n${key}\n${size}\n${expires}`;
}
