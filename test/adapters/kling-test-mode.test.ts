// The original application's test mode: one request id, ten seconds queued, ten in progress, then a placeholder that exists.
import { readFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createKlingTestMode } from "../../shared/adapters/kling-test-mode.ts";
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { FORMATS, KLING_MODELS } from "../../shared/kling/models.ts";
import { soundsOf } from "../../shared/kling/price.ts";
import { sampleFile } from "../../stacks/local/samples/sample-files.ts";
import type { Kling, PlaceholderWish } from "../../shared/media/ports.ts";
import { ManualClock } from "../support/manual-clock.ts";

const REQUEST_ID = "a07e8111-d339-4b5c-8563-9887bb4bd146";
const REQUEST = { prompt: "The waves roll in.", image_url: "https://api.example/sources/m-1.jpg" };
const MODES = ["standard", "pro", "master"] as const;

let clock: ManualClock;
let kling: Kling;
beforeEach(() => {
  clock = new ManualClock("2026-01-01T00:00:00.000Z");
  kling = createKlingTestMode({ clock, samplesOrigin: "http://127.0.0.1:3000" });
});

const status = async (submittedAt?: string) =>
  (await kling.checkKlingRequestStatus(REQUEST_ID, "standard", submittedAt === undefined ? undefined : { submittedAt }))
    .status;

describe("a start", () => {
  it.each(MODES)("of mode %s has the original application's request id, each time", async (mode) => {
    const started = { request_id: REQUEST_ID, queue_position: 0 };
    expect(await kling.startKlingVideoGeneration(REQUEST, mode)).toEqual(started);
    expect(await kling.startKlingVideoGeneration(REQUEST, mode)).toEqual(started);
  });
});

/** The original application's course, by the seconds since the start. */
const COURSE: [seconds: number, status: string][] = [
  [0, "IN_QUEUE"],
  [9.999, "IN_QUEUE"],
  [10, "IN_PROGRESS"],
  [19.999, "IN_PROGRESS"],
  [20, "COMPLETED"],
  [3600, "COMPLETED"],
];

describe("the course of a generation", () => {
  it.each(COURSE)("%d s after the latest start: %s", async (seconds, expected) => {
    clock.advance(7);
    await kling.startKlingVideoGeneration(REQUEST, "standard");
    clock.advance(seconds);
    expect(await status()).toBe(expected);
  });

  it.each(COURSE)("%d s after it was submitted by whichever process: %s", async (seconds, expected) => {
    // This process started something else only now, and that does not count.
    const submittedAt = new Date(clock.now()).toISOString();
    clock.advance(seconds);
    await kling.startKlingVideoGeneration(REQUEST, "standard");
    expect(await status(submittedAt)).toBe(expected);
  });

  it("begins anew with each start", async () => {
    await kling.startKlingVideoGeneration(REQUEST, "standard");
    clock.advance(15);
    await kling.startKlingVideoGeneration(REQUEST, "pro");
    expect(await status()).toBe("IN_QUEUE");
    clock.advance(10);
    expect(await status()).toBe("IN_PROGRESS");
  });

  it("has a place in the queue while it waits, and none afterwards", async () => {
    await kling.startKlingVideoGeneration(REQUEST, "standard");
    expect(await kling.checkKlingRequestStatus(REQUEST_ID, "standard")).toEqual({
      status: "IN_QUEUE",
      queue_position: 0,
    });
    clock.advance(10);
    expect(await kling.checkKlingRequestStatus(REQUEST_ID, "standard")).toEqual({ status: "IN_PROGRESS" });
  });

  it("moves on where nothing was started in this process", async () => {
    expect(await status()).toBe("IN_QUEUE");
    clock.advance(20);
    expect(await status()).toBe("COMPLETED");
  });
});

/** Of the file that the local machine serves at the placeholder's address. */
async function factsOf(wish: PlaceholderWish) {
  const file = await sampleFile(new URL(await result(wish)).pathname.replace("/samples/", ""));
  const clip = readFileSync(path.join(file?.folder ?? "", file?.name ?? ""));
  return readVideoFacts({ size: clip.length, read: async (start, end) => clip.subarray(start, end) });
}

const result = async (options?: PlaceholderWish) =>
  (await kling.getKlingRequestResult(REQUEST_ID, "standard", options)).data.video.url;

describe("the placeholder", () => {
  it("is a wide one of five seconds unless asked otherwise", async () => {
    expect(await result()).toBe("http://127.0.0.1:3000/samples/placeholder-16x9-5s.mp4");
    expect(await result({ duration: "10" })).toMatch(/16x9-10s/);
    expect(await result({ aspectRatio: "1:1" })).toMatch(/1x1-5s/);
  });

  it.each(
    (["16:9", "9:16", "1:1"] as const).flatMap((format) => ["5", "10"].map((duration) => [format, duration] as const)),
  )("of %s and %s s is there, with these very dimensions and this length", async (aspectRatio, duration) => {
    const facts = await factsOf({ aspectRatio, duration });
    expect(facts).toEqual({ ...FORMATS[aspectRatio], fps: 24, durationInSeconds: Number(duration), audio: false });
  });

  it.each(KLING_MODELS.map((row) => [`${row.model} ${row.mode}`, row] as const))(
    "of %s is there in its shortest and its longest, silent and with sound as it may be, in its size",
    async (_name, row) => {
      const { durations, resolution } = row;
      for (const seconds of [durations[0], durations.at(-1)]) {
        for (const audio of soundsOf(row)) {
          expect(await factsOf({ duration: String(seconds), audio, resolution })).toEqual({
            ...(resolution === "720p" ? { width: 1280, height: 720 } : { width: 1920, height: 1080 }),
            fps: 24,
            durationInSeconds: seconds,
            audio,
          });
        }
      }
    },
  );

  it("is there for every format there is", () => {
    expect(Object.keys(FORMATS)).toEqual(["16:9", "9:16", "1:1"]);
  });
});

describe("the rest of fal", () => {
  it.each(MODES)("confirms a cancel in mode %s at once: nothing runs", async (mode) => {
    expect(await kling.cancelKlingRequest(REQUEST_ID, mode)).toBe("confirmed");
  });

  it("has no history", async () => {
    expect(await kling.findKlingRequest(REQUEST, "standard", "2026-01-01T00:00:00.000Z")).toBeUndefined();
  });
});
