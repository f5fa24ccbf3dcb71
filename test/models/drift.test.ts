// Drift: what `npm run models -- --check` says of a fal that is as the catalogue has it, and of one that has changed.
import { afterEach, describe, expect, it, vi } from "vitest";
import { KLING_MODELS, type KlingRow } from "../../shared/kling/models.ts";
import { differences, readFalsWord } from "../../stacks/models/drift.ts";

interface Input {
  properties: Record<string, Record<string, unknown>>;
  required: string[];
}

/** What fal says of a row that is as the catalogue has it. */
function saidOf(row: KlingRow) {
  const fields = [...Object.values(row.inputFields), row.imageField, ...Object.keys(row.shots?.alongside ?? {})];
  const input: Input = {
    properties: Object.fromEntries(fields.map((field) => [field, { type: "string" }])),
    required: [row.imageField],
  };
  input.properties["duration"] = { type: "string", enum: row.durations.map(String) };
  const price = row.priceMills({ seconds: 1, audio: row.audio === "always", resolution: row.resolution }) / 1000;
  return { price: { unit_price: price, unit: "seconds", currency: "USD" }, input };
}
type Said = ReturnType<typeof saidOf>;

const asked: URL[] = [];
/** A fal of these words; a row without any is not there. */
function fal(words: Map<string, Said>) {
  vi.stubGlobal("fetch", async (address: string) => {
    const url = new URL(address);
    asked.push(url);
    const known = url.searchParams.getAll("endpoint_id").flatMap((id) => {
      const said = words.get(id);
      return said ? [{ endpoint_id: id, ...said }] : [];
    });
    if (url.pathname === "/v1/models/pricing") {
      return Response.json({ prices: known.map(({ endpoint_id, price }) => ({ endpoint_id, ...price })) });
    }
    const models = known.map(({ endpoint_id, input }) => {
      const schema = { $ref: "#/components/schemas/Input" };
      const post = { requestBody: { content: { "application/json": { schema } } } };
      const status = { get: {} };
      return {
        endpoint_id,
        openapi: { paths: { "/requests/{id}": status, "/": { post } }, components: { schemas: { Input: input } } },
      };
    });
    return Response.json({ models });
  });
}
afterEach(() => {
  vi.unstubAllGlobals();
  asked.length = 0;
});

const options = { platformUrl: "https://api.example", key: "k" };
const today = () => new Map(KLING_MODELS.map((row) => [row.endpointId, saidOf(row)]));
const KLING_3_PRO = "fal-ai/kling-video/v3/pro/image-to-video";

async function said(change: (of: Said, words: Map<string, Said>) => void): Promise<string[]> {
  const words = today();
  const of = words.get(KLING_3_PRO);
  if (of) change(of, words);
  fal(words);
  return differences(KLING_MODELS, await readFalsWord(options, KLING_MODELS)).map(
    ({ row, what }) => `${row.model}/${row.mode}: ${what}`,
  );
}

describe("the check", () => {
  it("finds nothing where fal is as the catalogue has it, with as many ids a call as fal takes", async () => {
    expect(await said(() => {})).toEqual([]);
    const ids = asked.map((url) => [url.pathname, url.searchParams.getAll("endpoint_id").length]);
    expect(ids).toEqual([
      ["/v1/models/pricing", KLING_MODELS.length],
      ["/v1/models", 10],
      ["/v1/models", KLING_MODELS.length - 10],
    ]);
  });

  it.each<[string, (of: Said, words: Map<string, Said>) => void, string]>([
    [
      "another price",
      ({ price }) => (price.unit_price = 0.224),
      "fal takes $0.224 a second, the catalogue says $0.112 or $0.168",
    ],
    [
      "another unit",
      ({ price }) => (price.unit = "videos"),
      "fal bills it by videos in USD, the catalogue by the second in USD",
    ],
    [
      "a field that is gone",
      ({ input }) => delete input.properties["cfg_scale"],
      "fal has no field cfg_scale any more",
    ],
    ["a new field that must be sent", ({ input }) => input.required.push("seed"), "fal requires seed"],
    [
      "other lengths",
      ({ input }) => (input.properties["duration"] = { enum: ["5", "10"] }),
      'fal takes the lengths ["5","10"], the catalogue sends ["3","4","5","6","7","8","9","10","11","12","13","14","15"]',
    ],
    [
      "lengths as numbers",
      ({ input }) => (input.properties["duration"] = { type: "integer", minimum: 3, maximum: 15 }),
      "fal takes lengths as integer, the catalogue sends a string",
    ],
    [
      "a shorter prompt",
      ({ input }) => (input.properties["prompt"] = { maxLength: 1000 }),
      "fal takes 1000 characters of prompt, the catalogue 2500",
    ],
  ])("says %s", async (_what, change, sentence) => {
    expect(await said(change)).toEqual([`kling-3/pro: ${sentence}`]);
  });

  it("says of an endpoint that is gone that it has no price and no OpenAPI", async () => {
    expect(await said((_of, words) => words.delete(KLING_3_PRO))).toEqual([
      "kling-3/pro: fal names no price of it",
      "kling-3/pro: fal does not show an OpenAPI of it",
    ]);
  });

  it("compares nothing where fal does not answer", async () => {
    vi.stubGlobal("fetch", async () => new Response("busy", { status: 503 }));
    await expect(readFalsWord(options, KLING_MODELS)).rejects.toThrow(
      "fal answered models/pricing with HTTP 503: busy",
    );
  });
});
