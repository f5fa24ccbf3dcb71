// The idempotency key: a header over HTTP, a field of the event on the bus.
import * as z from "zod/mini";
import { RequestError } from "../edge/http-errors.ts";

export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

export const idempotencyKeySchema = z
  .string()
  .check(z.regex(IDEMPOTENCY_KEY_PATTERN, "must be 1 to 255 visible ASCII characters"));

/** The header's key, if there is one. @throws RequestError 400 */
export function idempotencyKey(header: string | undefined): string | undefined {
  const parsed = z.optional(idempotencyKeySchema).safeParse(header);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ message }) => ({ path: "Idempotency-Key", message }));
  throw new RequestError(400, "invalid_request", "The Idempotency-Key header is not valid.", details);
}
