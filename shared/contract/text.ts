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

/** What Unicode shows as nothing besides white space: from, to. */
const INVISIBLE = [
  ["0", "1f"], // controls
  ["7f", "9f"],
  ["ad", "ad"], // soft hyphen
  ["34f", "34f"], // joiners, fillers, marks of direction, variation selectors
  ["61c", "61c"],
  ["115f", "1160"],
  ["17b4", "17b5"],
  ["180b", "180f"],
  ["200b", "200f"],
  ["202a", "202e"],
  ["2060", "206f"],
  ["2800", "2800"], // Braille without a dot
  ["3164", "3164"],
  ["fe00", "fe0f"],
  ["feff", "feff"],
  ["ffa0", "ffa0"],
  ["fff0", "fffb"],
  ["e0000", "e0fff"], // tags
];

/** Something that a person sees. */
export const visible = z.regex(
  new RegExp(`[^\\s${INVISIBLE.map(([from, to]) => `\\u{${from}}-\\u{${to}}`).join("")}]`, "u"),
  "must say what should happen in the video",
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
