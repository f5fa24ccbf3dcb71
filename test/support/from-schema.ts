// Values that a JSON Schema allows, drawn by fast-check: of the keywords that our OpenAPI document uses, and no others.
import fc from "fast-check";

type TypeName = "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";

export interface JsonSchema {
  $ref?: string;
  type?: TypeName | TypeName[];
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: JsonSchema | boolean;
  items?: JsonSchema;
  minItems?: number;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  format?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

/**
 * @param resolve the schema that a `$ref` names
 * @throws Error for what this does not know: a generator that guesses would call wrong values right
 */
export function valueOf(schema: JsonSchema, resolve: (ref: string) => JsonSchema): fc.Arbitrary<unknown> {
  const of = (inner: JsonSchema) => valueOf(inner, resolve);
  if (schema.$ref !== undefined) return of(resolve(schema.$ref));
  if ("const" in schema) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  // Beside a type it is a condition on more than one member: the caller that draws sees to it.
  if (schema.anyOf && schema.type === undefined) return fc.oneof(...schema.anyOf.map(of));
  if (Array.isArray(schema.type)) return fc.oneof(...schema.type.map((type) => of({ ...schema, type })));
  switch (schema.type) {
    case "object": {
      const { properties = {}, required = [] } = schema;
      const members = Object.entries(properties).map(([name, member]) => [name, of(member)] as const);
      return fc.record(Object.fromEntries(members), { requiredKeys: required, noNullPrototype: true });
    }
    case "array":
      return fc.array(of(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case "string":
      return textOf(schema);
    case "integer":
      return fc.integer({
        min: schema.minimum ?? (schema.exclusiveMinimum === undefined ? -1000 : schema.exclusiveMinimum + 1),
        max: Math.min(schema.maximum ?? 1000, 2 ** 31 - 1),
      });
    case "number":
      return fc.double({ min: schema.minimum ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case undefined:
      throw new Error(`This schema is not known here: ${JSON.stringify(schema)}`);
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = 200 }: JsonSchema): fc.Arbitrary<string> {
  const fits = (text: string) => text.length >= minLength && text.length <= maxLength;
  const matches = (text: string) => pattern === undefined || new RegExp(pattern, "u").test(text);
  if (format === "uri") return fc.webUrl({ withQueryParameters: true }).filter((url) => fits(url) && matches(url));
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, "u")).filter(fits);
  // Whole code points: half a surrogate pair is no text that JSON in UTF-8 can carry.
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, 200) }).filter(fits);
}
