// How long generations take here: told from what has really finished, and only when that is enough.
import { beforeEach, describe, expect, it } from "vitest";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { KLING_MODELS } from "../../shared/kling/models.ts";
import { noteTiming, timings } from "../../shared/media/timings.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { queuedMedia } from "../support/sample-media.ts";

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

const HOUR = 3_600_000;
const START = Date.parse("2026-11-22T12:00:00Z");
async function finished(n: number, seconds: number, overrides: Parameters<typeof queuedMedia>[0] = {}) {
  const createdAt = new Date(START + n * HOUR).toISOString();
  const completedAt = new Date(START + n * HOUR + seconds * 1000).toISOString();
  await noteTiming(world, queuedMedia({ id: `media-${n}`, createdAt, completedAt, ...overrides }));
}

describe("timings", () => {
  it("are told from the fifth on, half and nine tenths, as they were really measured", async () => {
    for (const [n, seconds] of [100, 80, 300, 90].entries()) await finished(n, seconds);
    expect(await timings(world, KLING_MODELS)).toEqual([]);
    await finished(4, 85);
    expect(await timings(world, KLING_MODELS)).toEqual([
      { model: "kling-2.1", mode: "standard", duration: "5", p50Seconds: 90, p90Seconds: 300, of: 5 },
    ]);
  });

  it("are told apart by model, mode and duration", async () => {
    for (let n = 0; n < 5; n++) {
      await finished(n, 60);
      await finished(n, 240, { generationMode: "master", duration: "10" });
      await finished(n, 90, { model: "kling-3", duration: "12" });
      await finished(n, 30, { model: "kling-3", duration: "3" });
    }
    expect(await timings(world, KLING_MODELS)).toMatchObject([
      { model: "kling-2.1", mode: "standard", duration: "5", p50Seconds: 60 },
      { model: "kling-2.1", mode: "master", duration: "10", p50Seconds: 240 },
      { model: "kling-3", mode: "standard", duration: "3", p50Seconds: 30 },
      { model: "kling-3", mode: "standard", duration: "12", p50Seconds: 90 },
    ]);
  });

  it("are of the two hundred latest", async () => {
    for (let n = 0; n < 210; n++) await finished(n, n < 10 ? 3_000 : 60);
    expect(await timings(world, KLING_MODELS)).toMatchObject([{ p90Seconds: 60, of: 200 }]);
  });

  it("count a media once, however often it is noted", async () => {
    for (let n = 0; n < 5; n++) await finished(0, 60);
    expect(await timings(world, KLING_MODELS)).toEqual([]);
  });

  it("are noted when a video is committed, and their failure leaves it committed", async () => {
    const add = () => Promise.reject(new Error("the table is down"));
    const ref = await world.given({ phase: "generating", requestId: "r-1", submittedAt: "2026-11-22T12:00:00.000Z" });
    await finalizeGeneration({ ...world.deps, timings: { ...world.timings, add } }, ref);
    expect(await world.media()).toMatchObject({ phase: "completed", analysisStatus: "completed" });
    expect(world.logged.join()).toContain("timing not noted");
  });
});
