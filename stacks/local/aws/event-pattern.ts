// Patterns of rules: lists of exact values, nested as the event is.
import * as z from "zod";

type Literal = string | number | boolean | null;
export interface EventPattern {
  readonly [field: string]: readonly Literal[] | EventPattern;
}

const PATTERN: z.ZodType<EventPattern> = z.lazy(() =>
  z.record(
    z.string(),
    z.union([z.array(z.union([z.string(), z.number(), z.boolean(), z.null()])).min(1), PATTERN], {
      error: "must be a list of exact values, or fields with such lists: the local bus knows no other filter",
    }),
  ),
);

/**
 * A filter this bus does not know (`prefix`, `exists`, ...) is an error: better than a rule that silently never fires.
 * @throws Error that says which field
 */
export function parsePattern(pattern: unknown): EventPattern {
  const parsed = PATTERN.safeParse(pattern);
  if (parsed.success) return parsed.data;
  const [{ path, message } = { path: [], message: "" }] = parsed.error.issues;
  throw new Error(`${path.join(".") || "The pattern"} ${message}`);
}

const FIELDS = z.record(z.string(), z.unknown());

export function matchesPattern(pattern: EventPattern, event: unknown): boolean {
  const fields = FIELDS.safeParse(event).data;
  if (!fields) return false;
  return Object.entries(pattern).every(([field, wanted]) => {
    const value = fields[field];
    if (!isList(wanted)) return matchesPattern(wanted, value);
    // An array in the event matches if one of its elements does (AWS: "Event pattern arrays").
    return (Array.isArray(value) ? value : [value]).some((one: unknown) => wanted.some((literal) => literal === one));
  });
}

function isList(wanted: readonly Literal[] | EventPattern): wanted is readonly Literal[] {
  return Array.isArray(wanted);
}
