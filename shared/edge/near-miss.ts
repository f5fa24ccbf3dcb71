// Fields that are almost ours. Unknown fields are ignored, but a misspelt one must not be: the caller would pay for a video without it.
import * as z from "zod/mini";

/** fal's own spelling of a field, and its name here. */
const NAMES_AT_FAL: Record<string, string> = {
  prompt: "context",
  image_url: "mediaSpace.media.image.link",
  start_image_url: "mediaSpace.media.image.link",
  end_image_url: "tailImageUrl",
  generate_audio: "audio",
  multi_prompt: "shots",
};

/** Places (`a.b.0.c`) of unknown fields that look like a known one, each with the name that is meant. */
export function nearMisses(schema: unknown, value: unknown): { path: string; message: string }[] {
  // Only as deep as the schema: a body of our size may be 500,000 deep.
  if (Array.isArray(value)) {
    const element = elementOf(schema);
    return element === undefined ? [] : value.flatMap((item, at) => inside(at, nearMisses(element, item)));
  }
  const shape = shapeOf(schema, value);
  if (!shape || typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (Object.hasOwn(shape, name)) return inside(name, nearMisses(shape[name], inner));
    const meant = nearest(name, Object.keys(shape));
    return meant === undefined ? [] : [{ path: name, message: `is not known here; the field is called "${meant}"` }];
  });
}

const inside = (name: string | number, faults: { path: string; message: string }[]) =>
  faults.map(({ path, message }) => ({ path: `${name}.${path}`, message }));

function shapeOf(schema: unknown, value: unknown): Record<string, unknown> | undefined {
  if (schema instanceof z.ZodMiniObject) return schema.shape;
  const inner = innerOf(schema);
  if (inner !== undefined) return shapeOf(inner, value);
  if (!(schema instanceof z.ZodMiniUnion)) return undefined;
  return schema.def.options.map((option) => shapeOf(option, value)).find((shape) => shape !== undefined);
}

function elementOf(schema: unknown): unknown {
  if (schema instanceof z.ZodMiniArray) return schema.def.element;
  const inner = innerOf(schema);
  return inner === undefined ? undefined : elementOf(inner);
}

/** The schema that describes the input, where one schema wraps another. */
function innerOf(schema: unknown): unknown {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniNullable) return schema.def.innerType;
  if (schema instanceof z.ZodMiniDefault) return schema.def.innerType;
  if (!(schema instanceof z.ZodMiniPipe)) return undefined;
  return schema.def.in instanceof z.ZodMiniTransform ? schema.def.out : schema.def.in;
}

function nearest(name: string, known: string[]): string | undefined {
  const atFal = Object.hasOwn(NAMES_AT_FAL, name) ? NAMES_AT_FAL[name] : undefined;
  if (atFal !== undefined && known.includes(atFal.replace(/\..*/, ""))) return atFal;
  return nearestName(name, known);
}

/** The known name that differs only in case, separators, or one or two letters; undefined where there is none. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const bare = bareName(name);
  const byDistance = known
    .map((one) => ({ one, letters: lettersOff(bare, bareName(one)) }))
    .filter(({ one, letters }) => letters <= lettersThatMayDiffer(one))
    .sort((a, b) => a.letters - b.letters);
  return byDistance[0]?.one;
}

/** `aspect_ratio`, `AspectRatio` and `aspect-ratio` are one. */
const bareName = (name: string) => name.slice(0, 64).replace(/[_-]/g, "").toLowerCase();

/** Fewer for a short name, because unrelated names are near it by chance (`usage` and `image`, `url` and `id`). */
const lettersThatMayDiffer = ({ length }: string) => (length < 4 ? 0 : length < 6 ? 1 : 2);

/** Letters to change, add, leave out, or exchange with the next (Damerau's distance, each pair exchanged once). */
function lettersOff(one: string, other: string): number {
  const rows = [Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= one.length; row++) {
    const [above = [], twoAbove = []] = [rows[row - 1], rows[row - 2]];
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const isSame = one[row - 1] === other[column - 1];
      const isExchanged = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current.push(
        Math.min(
          (above[column] ?? Infinity) + 1,
          (current[column - 1] ?? Infinity) + 1,
          (above[column - 1] ?? Infinity) + (isSame ? 0 : 1),
          isExchanged ? (twoAbove[column - 2] ?? Infinity) + 1 : Infinity,
        ),
      );
    }
    rows.push(current);
  }
  return rows[one.length]?.[other.length] ?? Infinity;
}
