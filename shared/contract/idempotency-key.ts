// The idempotency key: a header over HTTP, a field of the event on the bus.
import * as z from "zod/mini";

export const IDEMPOTENCY_KEY_PATTERN = /^[\x21-\x7e]{1,255}$/;

export const idempotencyKeySchema = z
  .string()
  .check(z.regex(IDEMPOTENCY_KEY_PATTERN, "must be 1 to 255 visible ASCII characters"));
