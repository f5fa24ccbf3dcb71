// Signatures of texts that this service gives out and later verifies: HMAC-SHA-256, compared in constant time.
import { createHmac, timingSafeEqual } from "node:crypto";

/** As it stands in a URL: 64 characters of hex, or 43 of base64url. */
type Encoding = "hex" | "base64url";

/** The signature of a text. Its first line names what is signed, so that no signature is valid for anything else. */
export function sign(secret: string, text: string, encoding: Encoding): string {
  return createHmac("sha256", secret).update(text).digest(encoding);
}

/** Whether this is the signature that `sign` returns for this text. */
export function isSigned(secret: string, text: string, signature: string, encoding: Encoding): boolean {
  const [given, right] = [Buffer.from(signature), Buffer.from(sign(secret, text, encoding))];
  return given.length === right.length && timingSafeEqual(given, right);
}
