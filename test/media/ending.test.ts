// Ends other than a video: cancel, failure, and what the sweeper does about everything left open.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration, cancelMessage } from "../../shared/media/cancel.ts";
import { checkStatus } from "../../shared/media/check.ts";
import { AlreadyEndedError, MediaNotFoundError, ProviderUnavailableError } from "../../shared/media/errors.ts";
import { failGeneration } from "../../shared/media/fail.ts";
import { finalizeGeneration } from "../../shared/media/finalize.ts";
import { submitGeneration } from "../../shared/media/submit.ts";
import { sweepGenerations } from "../../shared/media/sweep.ts";
import { watchMedia } from "../../shared/media/watch.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const generating = { phase: "generating", requestId: "r1", attempt: 1 } as const;

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

describe("canceling", () => {
  it("ends at once what was not sent", async () => {
    const media = await cancelGeneration(world.deps, await world.given());
    expect(media.phase).toBe("canceled");
    expect(world.kling.cancels).toEqual([]);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Canceled"]);
  });

  it("tells fal once, and goes on watching while fal may still finish", async () => {
    const ref = await world.given(generating);
    expect((await cancelGeneration(world.deps, ref)).phase).toBe("generating");
    await cancelGeneration(world.deps, ref);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect(world.kling.cancels).toEqual(["r1"]);
    world.kling.status = { status: "COMPLETED", error: "canceled", error_type: "client_cancelled" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    world.kling.result = new ProviderUnavailableError("HTTP 400");
    await finalizeGeneration(world.deps, ref);
    expect((await world.media()).phase).toBe("canceled");
  });

  it("of twenty at once tells fal once", async () => {
    const ref = await world.given(generating);
    await Promise.all(Array.from({ length: 20 }, () => cancelGeneration(world.deps, ref)));
    expect(world.kling.cancels).toEqual(["r1"]);
  });

  it("during a submit that fal was too busy for keeps the next one from being made", async () => {
    const ref = await world.given();
    const kling = {
      startKlingVideoGeneration: async () => {
        await cancelGeneration(world.deps, ref);
        throw unaccepted("busy");
      },
    };
    await submitGeneration({ ...world.deps, kling }, ref);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "submit" });
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "done" });
    expect(world.kling.posts).toEqual([]);
    expect((await world.media()).phase).toBe("canceled");
  });

  it("says honestly what it came to", async () => {
    const ref = await world.given(generating);
    world.kling.cancelAnswer = new ProviderUnavailableError("HTTP 503");
    expect(cancelMessage(await cancelGeneration(world.deps, ref))).toContain("will be asked to stop");
    world.kling.cancelAnswer = "requested";
    await checkStatus(world.deps, ref);
    expect(cancelMessage(await world.media())).toContain("was asked to stop");
  });

  it("ends at once where fal confirms", async () => {
    world.kling.cancelAnswer = "confirmed";
    expect((await cancelGeneration(world.deps, await world.given(generating))).phase).toBe("canceled");
  });

  it("keeps a completion that was faster", async () => {
    const ref = await world.given(generating);
    world.kling.cancelAnswer = "already_completed";
    await cancelGeneration(world.deps, ref);
    world.kling.status = { status: "COMPLETED" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("reaches fal by the next check when fal could not be reached", async () => {
    const ref = await world.given(generating);
    world.kling.cancelAnswer = new ProviderUnavailableError("HTTP 503");
    await cancelGeneration(world.deps, ref);
    world.kling.cancelAnswer = "requested";
    await checkStatus(world.deps, ref);
    await checkStatus(world.deps, ref);
    expect(world.kling.cancels).toEqual(["r1", "r1"]);
    expect(await world.media()).toHaveProperty("cancelSentAt");
  });

  it("of a submit under way reaches fal as soon as the job is known", async () => {
    const ref = await world.given({ phase: "submitting", attempt: 1, claimedAt: "2026-01-01T00:00:00.000Z" });
    await cancelGeneration(world.deps, ref);
    expect(world.kling.cancels).toEqual([]);
    await checkStatus(world.deps, ref, { heard: "r-late" });
    await checkStatus(world.deps, ref);
    expect(world.kling.cancels).toEqual(["r-late"]);
  });

  it("before the claim wins over a submit that is preparing", async () => {
    const ref = await world.given();
    const prompts = {
      enhance: async (words: string) => {
        await cancelGeneration(world.deps, ref);
        return words;
      },
    };
    expect(await submitGeneration({ ...world.deps, prompts }, ref)).toEqual({ next: "wait" });
    expect(world.kling.posts).toEqual([]);
    expect((await world.media()).phase).toBe("canceled");
  });

  it.each(["completed", "failed", "canceled", "finalizing"] as const)("is refused when it is %s", async (phase) => {
    await expect(cancelGeneration(world.deps, await world.given({ phase }))).rejects.toBeInstanceOf(AlreadyEndedError);
  });

  it("knows nothing of what is not there", async () => {
    const ref = { tenantId: "a", spaceId: "b", mediaId: "c" };
    await expect(cancelGeneration(world.deps, ref)).rejects.toBeInstanceOf(MediaNotFoundError);
  });
});

describe("failing", () => {
  it("stops the job at fal before it is timed out", async () => {
    expect(await failGeneration(world.deps, await world.given(generating), "timed_out")).toEqual({ next: "done" });
    expect(world.kling.cancels).toEqual(["r1"]);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
  });

  it("goes on telling fal to stop for ten minutes, for a job that runs on is billed", async () => {
    const ref = await world.given(generating);
    world.clock.advance(3600);
    world.kling.cancelAnswer = new ProviderUnavailableError("HTTP 503");
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "wait" });
    world.clock.advance(600);
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "done" });
    expect(world.kling.cancels).toEqual(["r1", "r1"]);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
  });

  it("at the deadline of a job that was to be canceled ends as canceled", async () => {
    const cancelRequestedAt = "2026-01-01T00:00:01.000Z";
    await failGeneration(world.deps, await world.given({ ...generating, cancelRequestedAt }), "timed_out");
    expect((await world.media()).phase).toBe("canceled");
  });

  it("gives up a submit of unknown outcome, saying that a new try is safe", async () => {
    await failGeneration(world.deps, await world.given({ phase: "submitting" }), "submit_outcome_unknown");
    const { phase, error } = await world.media();
    expect([phase, error?.code]).toEqual(["failed", "submit_outcome_unknown"]);
    expect(error?.message).toContain("a new try is safe");
  });

  it.each(["submitting", "generating", "finalizing"] as const)(
    "leaves it to the checks when a step broke down while %s: a job may exist",
    async (phase) => {
      const ref = await world.given({ ...generating, phase });
      expect(await failGeneration(world.deps, ref, "not_submitted")).toEqual({ next: "wait" });
      expect((await world.media()).phase).toBe(phase);
    },
  );

  it("keeps fal's URL of a video that could not be delivered", async () => {
    const ref = await world.given({
      ...generating,
      phase: "finalizing",
      providerVideoUrl: "https://fal.example/v.mp4",
    });
    await failGeneration(world.deps, ref, "delivery_failed");
    expect(await world.media()).toMatchObject({
      phase: "failed",
      error: { code: "delivery_failed" },
      requestId: "r1",
      providerVideoUrl: "https://fal.example/v.mp4",
    });
  });

  it("changes nothing that has ended", async () => {
    const ref = await world.given({ phase: "completed" });
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "done" });
    expect(await world.media()).toMatchObject({ phase: "completed", version: 1 });
  });
});

describe("the sweeper", () => {
  it("starts what never started", async () => {
    await world.given();
    world.clock.advance(60);
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 1, restarted: 1 });
    expect([...world.executions]).toMatchObject([[expect.stringMatching(/-r1$/), { enter: "check", lap: true }]]);
  });

  it("leaves alone what is running, and looks again later", async () => {
    const ref = await world.given(generating);
    world.executions.set(ref.mediaId, { ...ref, enter: "submit", lap: true });
    world.clock.advance(60);
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 1, restarted: 0 });
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 0, restarted: 0 });
  });

  it("restarts everything that is open when the machine's executions are gone", async () => {
    await world.given(generating);
    await world.given({ id: "second", phase: "submitting" });
    await world.given({ id: "ended", phase: "failed", sweepAt: undefined });
    expect(await sweepGenerations(world.deps, { all: true })).toEqual({ looked: 2, restarted: 2 });
  });

  it("starts one execution however many sweep at once", async () => {
    await world.given(generating);
    const runs = await Promise.all(Array.from({ length: 10 }, () => sweepGenerations(world.deps, { all: true })));
    expect(runs.reduce((sum, { restarted }) => sum + restarted, 0)).toBe(world.executions.size);
    expect((await world.media()).restarts).toBe(world.executions.size);
  });

  it("has a lost description made, however often it has looked before", async () => {
    const ref = await world.given({ ...generating, phase: "finalizing" });
    await world.records.move(ref, "complete", { analysisStatus: "pending", completedAt: "2026-01-01T00:00:00.000Z" });
    world.clock.advance(360);
    await sweepGenerations(world.deps, { all: false });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("publishes what the bus did not take", async () => {
    world.bus.down = true;
    const ref = await world.given();
    await cancelGeneration(world.deps, ref);
    expect(world.published).toEqual([]);
    world.bus.down = false;
    await sweepGenerations(world.deps, { all: true });
    expect(world.published.map(({ id }) => id)).toEqual([`${ref.mediaId}:canceled`]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });
});

describe("watching", () => {
  it("answers at once without a version, or with one that is already higher", async () => {
    const ref = await world.given();
    expect((await watchMedia(world.deps, ref, {}))?.version).toBe(1);
    expect((await watchMedia(world.deps, ref, { sinceVersion: 0, waitSeconds: 20 }))?.version).toBe(1);
    expect(world.clock.now()).toBe(Date.parse("2026-01-01T00:00:00.000Z"));
  });

  it("answers within a second of a change", async () => {
    const ref = await world.given();
    const clock = {
      now: () => world.clock.now(),
      sleep: async (ms: number) => {
        await world.clock.sleep(ms);
        if (world.clock.now() - Date.parse("2026-01-01T00:00:00.000Z") === 2000)
          await world.records.move(ref, "cancel", {});
      },
    };
    expect((await watchMedia({ ...world.deps, clock }, ref, { sinceVersion: 1, waitSeconds: 20 }))?.version).toBe(2);
    expect(world.clock.now()).toBe(Date.parse("2026-01-01T00:00:02.000Z"));
  });

  it("says so when nothing has changed in time", async () => {
    const ref = await world.given();
    expect(await watchMedia(world.deps, ref, { sinceVersion: 1, waitSeconds: 20 })).toBeUndefined();
    expect(world.clock.now()).toBe(Date.parse("2026-01-01T00:00:20.000Z"));
  });
});
