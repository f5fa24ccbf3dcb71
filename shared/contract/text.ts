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

/** Something that a person sees: neither white space nor what Unicode shows as nothing (controls, joiners, fillers, tags). */
export const visible = z.regex(
  /[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u,
  "must say what shall happen in the video",
);

/** A field that may be left out; old and typed clients send null for it. */
export function maybe<S extends z.ZodMiniType>(schema: S) {
  return z.pipe(
    z.optional(z.nullable(schema)),
    z.transform((value) => value ?? undefined),
  );
}

/** An id, which some clients hold as a number: taken as its text. */
export function textOrNumber<S extends z.ZodMiniType<string, string>>(id: S) {
  return z.pipe(z.union([id, z.int().check(z.nonnegative())]), z.transform(String));
}

/** A number of a query, in plain decimals: neither nothing, nor `0x10`, nor `1e3`, all of which `Number` takes. */
export function decimal<N extends z.ZodMiniNumber>(number: N) {
  return z.pipe(
    z.transform((it: unknown) => (typeof it === "string" && /^-?\d+(\.\d+)?$/.test(it) ? Number(it) : it)),
    number,
  );
}
