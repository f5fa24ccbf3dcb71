// The library of the original application as an outside caller finds it: the same names, the right endpoint for each mode, and nothing billed in test mode.
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from "vitest";
import type * as kling from "../shared/kling.ts";
import type { GenerationStatus, IMedia, KlingGenerationMode, KlingRequest } from "../shared/kling.ts";
import { answer, FakeFal } from "./support/fake-fal.ts";

type Library = typeof kling;

const TEST_MODE_REQUEST_ID = "a07e8111-d339-4b5c-8563-9887bb4bd146";
const MODES = ["standard", "pro", "master"] as const;
const REQUEST: KlingRequest = { prompt: "The waves roll in.", image_url: "https://pictures.example/beach.jpg" };
const SETTINGS = [
  "NODE_ENV",
  "FAL_TEST_MODE",
  "FAL_KEY",
  "FAL_QUEUE_URL",
  "FAL_PLATFORM_URL",
  "MEDIA_ORIGIN",
  "PUBLIC_URL",
];

let fal: FakeFal;
beforeEach(() => {
  fal = new FakeFal();
  vi.stubGlobal("fetch", fal.fetch);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

/** The library as a fresh process loads it, with these settings and no others. */
async function library(settings: Record<string, string | undefined> = { NODE_ENV: "production", FAL_KEY: "fal-key" }) {
  for (const name of SETTINGS) vi.stubEnv(name, settings[name]);
  vi.resetModules();
  return import("../shared/kling.ts");
}

describe("the modes of the original application", () => {
  it("are values", async () => {
    const { KlingGenerationMode } = await library();
    expect(KlingGenerationMode).toEqual({ STANDARD: "standard", PRO: "pro", MASTER: "master" });
  });

  it("are types, each of them and all together", () => {
    expectTypeOf<KlingGenerationMode>().toEqualTypeOf<"standard" | "pro" | "master">();
    expectTypeOf<Library["KlingGenerationMode"]["PRO"]>().toEqualTypeOf<KlingGenerationMode.PRO>();
    expectTypeOf<KlingGenerationMode.STANDARD>().toEqualTypeOf<"standard">();
    expectTypeOf<KlingGenerationMode.PRO>().toEqualTypeOf<"pro">();
    expectTypeOf<KlingGenerationMode.MASTER>().toEqualTypeOf<"master">();
  });

  it("stand on a media, with the original application's other two fields", () => {
    expectTypeOf<IMedia["requestId"]>().toEqualTypeOf<string | undefined>();
    expectTypeOf<IMedia["generationMode"]>().toEqualTypeOf<KlingGenerationMode | undefined>();
    expectTypeOf<IMedia["generationStatus"]>().toEqualTypeOf<GenerationStatus>();
  });

  it("go with the statuses of a generation", async () => {
    const { GenerationStatus } = await library();
    expect(Object.values(GenerationStatus)).toEqual(["generating-video", "completed", "failed", "canceled"]);
  });
});

describe("a start", () => {
  it.each(MODES)("of mode %s is one POST to its endpoint", async (mode) => {
    const { startKlingVideoGeneration } = await library();
    expect(await startKlingVideoGeneration(REQUEST, mode)).toEqual({ request_id: "job-1" });
    expect(fal.calls).toEqual([
      { method: "POST", path: `/fal-ai/kling-video/v2.1/${mode}/image-to-video`, body: REQUEST },
    ]);
  });

  it("takes every field of the original application's request, and sends those that the endpoint has", async () => {
    const { startKlingVideoGeneration } = await library();
    const fields = { ...REQUEST, duration: "10", negative_prompt: "blur", cfg_scale: 0 } as const;
    const tail = { tail_image_url: "https://pictures.example/evening.jpg" };
    const request: KlingRequest = { ...fields, ...tail, aspect_ratio: "9:16" };
    for (const mode of MODES) await startKlingVideoGeneration(request, mode);
    expect(fal.posts.map(({ body }) => body)).toEqual([fields, { ...fields, ...tail }, fields]);
  });

  it.each([
    ["startKlingVideoStandard", "standard"],
    ["startKlingVideoPro", "pro"],
  ] as const)("by the deprecated %s still works", async (name, mode) => {
    const { [name]: start } = await library();
    expect(await start({ ...REQUEST, aspect_ratio: "16:9" })).toEqual({ request_id: "job-1" });
    expect(fal.calls).toEqual([
      { method: "POST", path: `/fal-ai/kling-video/v2.1/${mode}/image-to-video`, body: REQUEST },
    ]);
  });

  it("that is not answered is not repeated", async () => {
    const { startKlingVideoGeneration } = await library();
    fal.answers("POST", "image-to-video", answer(503, {}));
    await expect(startKlingVideoGeneration(REQUEST, "pro")).rejects.toMatchObject({
      name: "SubmitError",
      outcome: "in_doubt",
    });
    expect(fal.calls).toHaveLength(1);
  });
});

describe("following a job", () => {
  it("from the queue to the video, with the endpoint of its mode", async () => {
    const { checkKlingRequestStatus, getKlingRequestResult } = await library();
    expect(await checkKlingRequestStatus("job-1", "pro")).toEqual({ status: "IN_QUEUE", queue_position: 0 });
    expect(await checkKlingRequestStatus("job-1", "pro")).toEqual({ status: "IN_PROGRESS" });
    expect(await checkKlingRequestStatus("job-1", "pro")).toEqual({ status: "COMPLETED" });
    expect((await getKlingRequestResult("job-1", "pro")).data.video.url).toBe(fal.videoUrl);
    const job = "/fal-ai/kling-video/requests/job-1";
    expect(fal.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET ${job}/status`,
      `GET ${job}/status`,
      `GET ${job}/status`,
      `GET ${job}`,
    ]);
  });

  it("ends early when it is canceled", async () => {
    const { cancelKlingRequest } = await library();
    expect(await cancelKlingRequest("job-1", "master")).toBe("requested");
    expect(fal.calls).toMatchObject([{ method: "PUT", path: "/fal-ai/kling-video/requests/job-1/cancel" }]);
  });
});

describe("a mode that does not exist", () => {
  const since = "2026-01-01T00:00:00.000Z";
  // The compiler refuses it; a caller in JavaScript, or one that read the mode out of a database, sends it all the same.
  const calls: [name: string, call: (library: Library) => Promise<unknown>][] = [
    // @ts-expect-error no such mode
    ["startKlingVideoGeneration", (library) => library.startKlingVideoGeneration(REQUEST, "ultra")],
    // @ts-expect-error no such mode
    ["checkKlingRequestStatus", (library) => library.checkKlingRequestStatus("job-1", "ultra")],
    // @ts-expect-error no such mode
    ["getKlingRequestResult", (library) => library.getKlingRequestResult("job-1", "ultra")],
    // @ts-expect-error no such mode
    ["cancelKlingRequest", (library) => library.cancelKlingRequest("job-1", "ultra")],
    // @ts-expect-error no such mode
    ["findKlingRequest", (library) => library.findKlingRequest(REQUEST, "ultra", since)],
    // @ts-expect-error no such mode: not what every object inherits
    ["startKlingVideoGeneration (constructor)", (library) => library.startKlingVideoGeneration(REQUEST, "constructor")],
    // @ts-expect-error no such mode: the original application's names are in lower case
    ["startKlingVideoGeneration (PRO)", (library) => library.startKlingVideoGeneration(REQUEST, "PRO")],
    // @ts-expect-error no mode at all
    ["startKlingVideoGeneration (none)", (library) => library.startKlingVideoGeneration(REQUEST)],
  ];

  it.each(calls)("is an error of its own that lists those that do: %s", async (_name, call) => {
    for (const settings of [{ NODE_ENV: "production", FAL_KEY: "k" }, { NODE_ENV: "development" }]) {
      const loaded = await library(settings);
      const error: unknown = await call(loaded).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(loaded.UnknownModeError);
      expect(error).toMatchObject({ name: "UnknownModeError", code: "unknown_mode", known: MODES });
      expect(String(error)).toContain("Known modes: standard, pro, master.");
    }
    expect(fal.calls).toEqual([]);
  });
});

describe("test mode", () => {
  it.each([
    [{ NODE_ENV: "development" }],
    [{ NODE_ENV: "development", FAL_TEST_MODE: "" }],
    [{ NODE_ENV: "development", FAL_TEST_MODE: "on" }],
    [{ NODE_ENV: "development", FAL_KEY: "fal-key" }],
  ])("is on with %o: fal is not asked", async (settings) => {
    const { startKlingVideoGeneration, startKlingVideoStandard, startKlingVideoPro } = await library(settings);
    const started = { request_id: TEST_MODE_REQUEST_ID, queue_position: 0 };
    expect(await startKlingVideoGeneration(REQUEST, "master")).toEqual(started);
    expect(await startKlingVideoStandard(REQUEST)).toEqual(started);
    expect(await startKlingVideoPro(REQUEST)).toEqual(started);
    expect(fal.calls).toEqual([]);
  });

  it.each<[Record<string, string>]>([
    [{ NODE_ENV: "development", FAL_TEST_MODE: "off" }],
    [{ NODE_ENV: "production", FAL_TEST_MODE: "on" }],
    [{ NODE_ENV: "test", FAL_TEST_MODE: "on" }],
    [{ NODE_ENV: "Development" }],
    [{ NODE_ENV: "", FAL_TEST_MODE: "on" }],
    [{ FAL_TEST_MODE: "on" }],
    [{}],
  ])("is off with %o: fal is asked", async (settings) => {
    const { startKlingVideoGeneration } = await library({ ...settings, FAL_KEY: "fal-key" });
    expect(await startKlingVideoGeneration(REQUEST, "standard")).toEqual({ request_id: "job-1" });
    expect(fal.posts).toHaveLength(1);
  });

  it("goes the original application's way by the clock: ten seconds queued, ten in progress, then a placeholder", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2026-01-01T00:00:00.000Z") });
    const { startKlingVideoGeneration, checkKlingRequestStatus, getKlingRequestResult } = await library({
      NODE_ENV: "development",
      MEDIA_ORIGIN: "http://127.0.0.1:3000",
    });
    const { request_id } = await startKlingVideoGeneration(REQUEST, "standard");
    const seen: string[] = [];
    for (const second of [0, 10, 20]) {
      vi.setSystemTime(new Date(Date.UTC(2026, 0, 1, 0, 0, second)));
      seen.push((await checkKlingRequestStatus(request_id, "standard")).status);
    }
    expect(seen).toEqual(["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]);
    expect(await getKlingRequestResult(request_id, "standard")).toEqual({
      data: { video: { url: "http://127.0.0.1:3000/samples/placeholder-16x9-5s.mp4" } },
    });
    expect(fal.calls).toEqual([]);
  });
});

describe("loading the library", () => {
  it("asks for no setting; the first call names the one that is missing", async () => {
    const { startKlingVideoGeneration } = await library({});
    await expect(startKlingVideoGeneration(REQUEST, "standard")).rejects.toThrow("FAL_KEY is missing");
    expect(fal.calls).toEqual([]);
  });
});
