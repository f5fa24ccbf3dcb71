// Adding a model is one edit: a row added to the catalogue is offered, priced, sent, adopted, simulated and told, with nothing else changed.
import { afterAll, expect, it, vi } from "vitest";
import type * as catalogue from "../../shared/kling/models.ts";

const ADDED = vi.hoisted(() => ({
  model: "kling-9",
  mode: "pro" as const,
  endpointId: "fal-ai/kling-video/v9/image-to-video",
  imageField: "opening_image",
  inputFields: { prompt: "prompt", duration: "duration", audio: "with_sound", tail_image_url: "closing_image" },
  durations: [4, 8],
  durationsAs: "number" as const,
  audio: "optional" as const,
  resolution: "720p" as const,
  promptMaxCharacters: 2500,
  image: { maxBytes: 1_000_000, types: ["image/jpeg"], minSide: 300, maxRatio: 2.5 },
  priceMills: ({ seconds, audio }: { seconds: number; audio: boolean }) => seconds * (audio ? 33 : 11),
}));
vi.mock("../../shared/kling/models.ts", async (original) => {
  const real = await original<typeof catalogue>();
  return { ...real, KLING_MODELS: [...real.KLING_MODELS, ADDED] };
});

const { startCommand, enhanceRequest } = await import("../../shared/contract/enhance.ts");
const { findRow, klingInput, offeredRows, unknownNames } = await import("../../shared/kling/catalogue.ts");
const { showModels } = await import("../../shared/kling/present.ts");
const { prices } = await import("../../shared/kling/price.ts");
const { modelsTable } = await import("../../stacks/models/table.ts");
const { KLING_MODELS } = await import("../../shared/kling/models.ts");
const { modelOf } = await import("../../stacks/fal-simulator/models.ts");
const { systemClock } = await import("../../stacks/fal-simulator/clock.ts");
const { createFalQueue } = await import("../../shared/adapters/fal-queue.ts");

afterAll(() => {
  vi.unstubAllGlobals();
});

const body = {
  spaceId: "holiday",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: "https://pictures.example/beach.jpg" } } },
  model: "kling-9",
  duration: 8,
  audio: true,
};

it("is offered, with its name and its prices", () => {
  expect(showModels(offeredRows(undefined)).at(-1)).toMatchObject({
    id: "kling-9",
    name: "Kling 9",
    modes: [{ mode: "pro", durations: [4, 8], lastFrame: true, cfgScale: false, shots: false }],
  });
  expect(prices(offeredRows(["kling-9"])).map(({ usd }) => usd)).toEqual([0.044, 0.088, 0.132, 0.264]);
  expect(unknownNames(["kling-9", "kling-9/pro"])).toEqual([]);
  expect(modelsTable(KLING_MODELS)).toContain("`kling-9`");
});

it("is taken by the contract and sent in its own words", () => {
  const command = startCommand(enhanceRequest.parse(body), { tenantId: "t", userId: "u" }, offeredRows(undefined));
  expect(command).toMatchObject({ model: "kling-9", generationMode: "pro", duration: "8", audio: true });
  const row = findRow("kling-9", "pro");
  if (!row) throw new Error("the row is not there");
  const request = { prompt: "p", image_url: "https://i.example/1.jpg", duration: "8", audio: true };
  expect(klingInput(request, row)).toEqual({
    prompt: "p",
    duration: 8,
    with_sound: true,
    opening_image: "https://i.example/1.jpg",
  });
});

it("is adopted from fal's history by its own field", async () => {
  const found = { request_id: "r-2", json_input: { opening_image: "https://i.example/1.jpg" } };
  const other = { request_id: "r-1", json_input: { opening_image: "https://i.example/2.jpg", image_url: "x" } };
  vi.stubGlobal("fetch", async () => Response.json({ items: [other, found], next_cursor: null }));
  const log = { info() {}, warn() {} };
  const address = { queueUrl: "https://queue.example", platformUrl: "https://api.example" };
  const { kling } = createFalQueue({ key: "k", ...address, log });
  const sought = { image_url: "https://i.example/1.jpg" };
  expect(await kling.findKlingRequest(sought, ADDED, "2026-01-01T00:00:00.000Z")).toEqual({
    request_id: "r-2",
    image_url: "https://i.example/1.jpg",
  });
});

it("is served by the simulator: checked, priced, in its length and with its sound", async () => {
  const model = modelOf(ADDED.endpointId);
  const dot = "data:image/jpeg;base64,AA";
  expect(await model.consider({ prompt: "p", duration: "8", opening_image: dot }, systemClock)).toMatchObject({
    refused: [{ loc: ["body", "duration"], msg: "Input should be 4 or 8" }],
  });
  const sharp = (await import("sharp")).default;
  const picture = await sharp({ create: { width: 400, height: 400, channels: 3, background: "red" } })
    .jpeg()
    .toBuffer();
  const opening_image = `data:image/jpeg;base64,${picture.toString("base64")}`;
  expect(await model.consider({ prompt: "p", duration: 8, with_sound: true, opening_image }, systemClock)).toEqual({
    work: { clip: { ratio: "1x1", seconds: 8, audio: true, resolution: "720p" }, units: 8, usd: 0.264 },
  });
});
