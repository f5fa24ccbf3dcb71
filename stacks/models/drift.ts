// Whether the catalogue is still what fal says: its prices (GET /v1/models/pricing) and its fields (the OpenAPI of each endpoint).
import * as z from "zod";
import type { KlingRow } from "../../shared/kling/models.ts";
import { soundsOf } from "../../shared/kling/price.ts";

/** The most ids that one call of fal's prices takes (fal docs, platform API, "Pricing"). */
const IDS_A_CALL = 50;
/** The most that one call gives back with their OpenAPI (fal docs, platform API, "Model search"). */
const DOCUMENTS_A_CALL = 10;
const CALL_TIMEOUT_MS = 30_000;

export interface FalsWord {
  prices: Map<string, { unit_price: number; unit: string; currency: string }>;
  /** The input of each endpoint, as its OpenAPI has it; an endpoint that is not there has none. */
  inputs: Map<string, Input>;
}
type Input = z.infer<typeof inputSchema>;

const pricing = z.object({
  prices: z.array(
    z.object({ endpoint_id: z.string(), unit_price: z.number(), unit: z.string(), currency: z.string() }),
  ),
  next_cursor: z.string().nullish(),
});
const property = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxLength: z.number().optional(),
});
const inputSchema = z.object({
  properties: z.record(z.string(), property),
  required: z.array(z.string()).default([]),
});
const models = z.object({
  models: z.array(z.object({ endpoint_id: z.string(), openapi: z.unknown().optional() })),
});
const openApi = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z
        .object({
          requestBody: z.object({
            content: z.object({ "application/json": z.object({ schema: z.unknown() }) }),
          }),
        })
        .optional(),
    }),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }).optional(),
});

/**
 * Asks fal for the price and the input of every row.
 * @throws Error when fal's answer cannot be read: nothing is compared then
 */
export async function readFalsWord(
  { platformUrl, key }: { platformUrl: string; key: string },
  rows: readonly KlingRow[],
): Promise<FalsWord> {
  const ids = rows.map(({ endpointId }) => endpointId);
  const ask = async (path: string, some: readonly string[], more: Record<string, string> = {}) => {
    const query = new URLSearchParams(more);
    for (const id of some) query.append("endpoint_id", id);
    const response = await fetch(`${platformUrl}/v1/${path}?${query.toString()}`, {
      headers: { Authorization: `Key ${key}` },
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`fal answered ${path} with HTTP ${response.status}: ${await response.text()}`);
    const answer: unknown = await response.json();
    return answer;
  };
  const word: FalsWord = { prices: new Map(), inputs: new Map() };
  for (const some of inParts(ids, IDS_A_CALL)) {
    for (const price of pricing.parse(await ask("models/pricing", some)).prices) {
      word.prices.set(price.endpoint_id, price);
    }
  }
  for (const some of inParts(ids, DOCUMENTS_A_CALL)) {
    for (const model of models.parse(await ask("models", some, { expand: "openapi-3.0" })).models) {
      const input = inputOf(model.openapi);
      if (input) word.inputs.set(model.endpoint_id, input);
    }
  }
  return word;
}

/** What differs, a sentence each. */
export function differences(
  rows: readonly KlingRow[],
  { prices, inputs }: FalsWord,
): { row: KlingRow; what: string }[] {
  return rows.flatMap((row) => {
    const input = inputs.get(row.endpointId);
    const found = [
      ...priceDifferences(row, prices.get(row.endpointId)),
      ...(input ? inputDifferences(row, input) : ["fal does not show an OpenAPI of it"]),
    ];
    return found.map((what) => ({ row, what }));
  });
}

/** fal names one base price, without tiers: it must be one of the row's. */
function priceDifferences(row: KlingRow, price: ReturnType<FalsWord["prices"]["get"]>): string[] {
  if (!price) return ["fal names no price of it"];
  const { unit_price, unit, currency } = price;
  if (!/^(video |output )?seconds?$/i.test(unit.replaceAll("_", " ")) || currency !== "USD") {
    return [`fal bills it by ${unit} in ${currency}, the catalogue by the second in USD`];
  }
  const ours = soundsOf(row).map((audio) => row.priceMills({ seconds: 1, audio, resolution: row.resolution }));
  if (ours.some((mills) => Math.abs(mills - unit_price * 1000) < 1e-6)) return [];
  return [
    `fal takes $${unit_price} a second, the catalogue says ${ours.map((mills) => `$${mills / 1000}`).join(" or ")}`,
  ];
}

function inputDifferences(row: KlingRow, { properties, required }: Input): string[] {
  const sent = [row.imageField, ...Object.values(row.inputFields), ...Object.keys(row.shots?.alongside ?? {})];
  const unknown = sent.filter((field) => !(field in properties)).map((field) => `fal has no field ${field} any more`);
  const missing = required.filter((field) => !sent.includes(field)).map((field) => `fal requires ${field}`);
  const untold = ["generate_audio"]
    .filter((field) => field in properties && !sent.includes(field))
    .map((field) => `fal has a switch for sound, ${field}, which is never told`);
  return [
    ...unknown,
    ...missing,
    ...untold,
    ...lengthDifferences(row, properties),
    ...promptDifferences(row, properties),
  ];
}

function lengthDifferences(row: KlingRow, properties: Input["properties"]): string[] {
  const duration = properties[row.inputFields.duration ?? ""];
  if (!duration) return [];
  const { enum: values, minimum, maximum } = duration;
  if (values) {
    const ours = row.durations.map((seconds) => (row.durationsAs === "string" ? String(seconds) : seconds));
    const same = values.length === ours.length && ours.every((seconds) => values.includes(seconds));
    return same ? [] : [`fal takes the lengths ${JSON.stringify(values)}, the catalogue sends ${JSON.stringify(ours)}`];
  }
  const [first, last] = [row.durations[0], row.durations.at(-1)];
  const range = [
    ...(minimum !== undefined && minimum !== first
      ? [`fal takes lengths from ${minimum} s, the catalogue from ${first}`]
      : []),
    ...(maximum !== undefined && maximum !== last
      ? [`fal takes lengths up to ${maximum} s, the catalogue up to ${last}`]
      : []),
  ];
  const types = [duration.type ?? []].flat();
  const wire = row.durationsAs === "string" ? ["string"] : ["number", "integer"];
  const mistyped = types.length > 0 && !types.some((type) => wire.includes(type));
  return mistyped
    ? [...range, `fal takes lengths as ${types.join(" or ")}, the catalogue sends a ${row.durationsAs}`]
    : range;
}

function promptDifferences({ inputFields, promptMaxCharacters }: KlingRow, properties: Input["properties"]): string[] {
  return [inputFields.prompt, inputFields.negative_prompt].flatMap((field) => {
    const most = properties[field ?? ""]?.maxLength;
    if (most === undefined || most === promptMaxCharacters) return [];
    return [`fal takes ${most} characters of ${field}, the catalogue ${promptMaxCharacters}`];
  });
}

/** The schema of what is posted to the queue, where it is written in place or referred to. */
function inputOf(document: unknown): Input | undefined {
  const read = openApi.safeParse(document).data;
  const schema = Object.values(read?.paths ?? {})
    .map(({ post }) => post?.requestBody.content["application/json"].schema)
    .find((it) => it !== undefined);
  const ref = z.object({ $ref: z.string() }).safeParse(schema).data?.$ref;
  const named = ref === undefined ? schema : read?.components?.schemas[ref.split("/").at(-1) ?? ""];
  return inputSchema.safeParse(named).data;
}

function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, n) => all.slice(n * size, (n + 1) * size));
}
