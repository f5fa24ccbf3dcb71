// The Idempotency-Key header.
import { RequestError } from "../errors-on-the-wire.ts";

/** The key, if there is one. @throws RequestError 400 when it is not 1 to 255 visible ASCII characters */
export function idempotencyKey(header: string | undefined): string | undefined {
  if (header === undefined || /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  const details = [{ path: "Idempotency-Key", message: "must be 1 to 255 visible ASCII characters" }];
  throw new RequestError(400, "invalid_request", "The Idempotency-Key header is not valid.", details);
}
