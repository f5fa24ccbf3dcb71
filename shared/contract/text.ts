// The texts and the numbers that callers send, held to exactly what their published schema says.
import * as z from "zod/mini";

/**
 * A text of so many characters at most, counted as JSON Schema and Kling count them: an emoji is one, not two. Half of a
 * surrogate pair has no form in UTF-8, so that it could be neither stored nor sent on.
 */
export function text(maxCharacters: number) {
  return z.string().check(
    z.refine((it) => it.isWellFormed(), "must be well-formed Unicode"),
    z.refine((it) => [...it].length <= maxCharacters, `must have at most ${maxCharacters} characters`),
    z.meta({ maxLength: maxCharacters }),
  );
}

/** A number of a query, in plain decimals: neither nothing, nor `0x10`, nor `1e3`, all of which `Number` takes. */
export function decimal<N extends z.ZodMiniNumber>(number: N) {
  return z.pipe(
    z.transform((it: unknown) => (typeof it === "string" && /^-?\d+(\.\d+)?$/.test(it) ? Number(it) : it)),
    number,
  );
}
