// A header of a request, held to its schema.
import * as z from "zod/mini";
import { RequestError } from "./http-errors.ts";
import type { HttpEvent } from "./http-event.ts";

/** The header's value, if there is one. @param name as a person writes it: `Idempotency-Key` @throws RequestError 400 */
export function header<S extends z.ZodMiniType>(
  headers: HttpEvent["headers"],
  name: string,
  schema: S,
): z.infer<S> | undefined {
  const parsed = z.optional(schema).safeParse(headers[name.toLowerCase()]);
  if (parsed.success) return parsed.data;
  const details = parsed.error.issues.map(({ message }) => ({ path: name, message }));
  throw new RequestError(400, "invalid_request", `The ${name} header is not valid.`, details);
}
