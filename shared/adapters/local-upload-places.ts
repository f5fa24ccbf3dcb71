// Places in the local store where a caller may put one file: signed, for so many bytes, for a while.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { UploadPlaces } from "../media/ports.ts";
import { checkedKey } from "./checked-key.ts";

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
      const signature = sign(place, linkSecret);
      const url = `${linkOrigin}/files/${key}?size=${size}&expires=${expiresAt}&signature=${signature}`;
      return { method: "PUT", url, headers: {} };
    },
  };
}

/** True when the place is ours and has not ended. */
export function verifyLocalPlace(place: LocalPlace, { linkSecret, now }: { linkSecret: string; now: () => number }) {
  const [given, right] = [Buffer.from(place.signature), Buffer.from(sign(place, linkSecret))];
  const ours = given.length === right.length && timingSafeEqual(given, right);
  return ours && Number(place.expires) > now();
}

/** Begins with another word than the signature of a link: the one never opens the other. */
function sign({ key, size, expires }: Omit<LocalPlace, "signature">, linkSecret: string): string {
  return createHmac("sha256", linkSecret).update(`put\n${key}\n${size}\n${expires}`).digest("hex");
}
