// Ends other than a video: cancel, failure, and what the sweeper does about everything left open.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration, cancelMessage } from "../../shared/generation/cancel.ts";
import type { MediaRef } from "../../shared/media/media.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import {
  AlreadyEndedError,
  MediaNotFoundError,
  NothingToRedriveError,
  ProviderUnavailableError,
} from "../../shared/media/errors.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { redriveGeneration } from "../../shared/generation/redrive.ts";
import { driveOn, sweepGenerations } from "../../shared/generation/sweep.ts";
import { watchMedia } from "../../shared/media/watch.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { storedVideo } from "../support/sample-media.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const CREATED_AT = "2026-01-01T00:00:00.000Z";
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

  it("of twenty at once, and as many looks, tells fal once", async () => {
    const ref = await world.given(generating);
    const doors = [() => cancelGeneration(world.deps, ref), () => checkStatus(world.deps, ref)];
    await Promise.all(Array.from({ length: 20 }, () => doors.map((door) => door())).flat());
    expect(world.kling.cancels).toEqual(["r1"]);
  });

  it("during a submit that fal was too busy for keeps the next one from being made", async () => {
    const ref = await world.given();
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
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
    world.clock.advance(30);
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

  it("reaches fal by a check half a minute later when fal could not be reached", async () => {
    const ref = await world.given(generating);
    world.kling.cancelAnswer = new ProviderUnavailableError("HTTP 503");
    await cancelGeneration(world.deps, ref);
    world.kling.cancelAnswer = "requested";
    await checkStatus(world.deps, ref);
    expect(world.kling.cancels).toEqual(["r1"]);
    world.clock.advance(30);
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
  it("is not for a claim that was made since", async () => {
    const ref = await world.given();
    const seen = await world.media();
    world.kling.submits = [unaccepted("busy")];
    await submitGeneration(world.deps, ref);
    const records = { ...world.records, get: async () => seen };
    expect(await failGeneration({ ...world.deps, records }, ref, "not_submitted")).toEqual({ next: "wait" });
    expect(await world.media()).toMatchObject({ phase: "queued", attempt: 1 });
  });

  it("stops the job at fal before it is timed out, and leaves one look for a video that was faster", async () => {
    const ref = await world.given(generating);
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "wait" });
    expect(await world.media()).toMatchObject({ phase: "generating" });
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "done" });
    expect(world.kling.cancels).toEqual(["r1"]);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
  });

  it("keeps a video that was faster than the word to stop", async () => {
    const ref = await world.given(generating);
    world.clock.advance(3600);
    world.kling.cancelAnswer = "already_completed";
    expect(await failGeneration(world.deps, ref, "timed_out")).toEqual({ next: "wait" });
    world.kling.status = { status: "COMPLETED" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
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
    const asked = { cancelRequestedAt: "2026-01-01T00:00:01.000Z", cancelSentAt: "2026-01-01T00:00:02.000Z" };
    await failGeneration(world.deps, await world.given({ ...generating, ...asked }), "timed_out");
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

  it("drives on what its own look past the deadline finds to be finished", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.kling.ended("r-found");
    world.kling.status = { status: "COMPLETED" };
    world.clock.advance(3600);
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 1, restarted: 1 });
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r-found", restarts: 1 });
  });

  it("starts one execution however many sweep at once", async () => {
    await world.given(generating);
    const runs = await Promise.all(Array.from({ length: 10 }, () => sweepGenerations(world.deps, { all: true })));
    expect(runs.reduce((sum, { restarted }) => sum + restarted, 0)).toBe(world.executions.size);
    expect((await world.media()).restarts).toBe(world.executions.size);
  });

  it("has a lost description made, however often it has looked before", async () => {
    const ref = await world.given({ ...generating, phase: "finalizing" });
    const completedAt = "2026-01-01T00:00:00.000Z";
    await world.records.move(ref, "complete", { video: storedVideo(), analysisStatus: "pending", completedAt });
    world.clock.advance(360);
    await sweepGenerations(world.deps, { all: false });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("gives up a lost description that no step could make by the end of the delivery", async () => {
    world.orchestrator.down = true;
    const ref = await world.given({ ...generating, phase: "finalizing" });
    const completedAt = "2026-01-01T00:00:00.000Z";
    await world.records.move(ref, "complete", { video: storedVideo(), analysisStatus: "pending", completedAt });
    world.clock.advance(4200);
    await sweepGenerations(world.deps, { all: true });
    expect(await world.media()).toMatchObject({ phase: "completed", analysisStatus: "failed" });
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it.each([
    ["no step submitted", { phase: "queued" }, "failed", "timed_out", []],
    [
      "was canceled while fal was busy",
      { phase: "queued", attempt: 1, cancelRequestedAt: CREATED_AT },
      "canceled",
      undefined,
      [],
    ],
    ["no check could settle", { phase: "submitting", claimedAt: CREATED_AT }, "failed", "submit_outcome_unknown", []],
    ["fal does not finish", generating, "failed", "timed_out", ["r1"]],
    ["was canceled", { ...generating, cancelRequestedAt: CREATED_AT }, "canceled", undefined, ["r1"]],
  ] as const)(
    "ends at its deadline what %s, though no execution can be started",
    async (_, state, phase, code, told) => {
      world.orchestrator.down = true;
      await world.given(state);
      world.clock.advance(3600);
      await sweepGenerations(world.deps, { all: false });
      expect(await world.media()).toMatchObject({ phase, ...(code && { error: { code } }) });
      expect(world.kling.cancels).toEqual(told);
    },
  );

  it("is there at the deadline and at the end of the delivery, whatever moved the record before", async () => {
    world.orchestrator.down = true;
    const ref = await world.given(generating);
    world.clock.advance(3599);
    world.kling.status = { status: "IN_QUEUE", queue_position: 2 };
    await checkStatus(world.deps, ref);
    world.kling.status = { status: "COMPLETED" };
    world.clock.advance(1);
    expect((await sweepGenerations(world.deps, { all: false }).catch(() => ({ looked: 1 }))).looked).toBe(1);
    for (let minute = 0; minute < 11; minute++) {
      await sweepGenerations(world.deps, { all: false }).catch(() => {});
      world.clock.advance(60);
    }
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "delivery_failed" } });
  });

  it("after a restart finds what the index has lost, and frees what the last life had leased", async () => {
    const leased = { leaseOwner: "dead", leaseUntil: "2026-01-01T00:05:00.000Z" };
    const ref = await world.given({ ...generating, phase: "finalizing", ...leased });
    await world.loseIndexEntry(ref);
    world.clock.advance(120);
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 0, restarted: 0 });
    expect(await sweepGenerations(world.deps, { all: true })).toEqual({ looked: 1, restarted: 1 });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("sweeps the others when one record cannot be swept, and says so", async () => {
    await world.given({ id: "unlucky", ...generating });
    await world.given(generating);
    const { get } = world.records;
    const records = {
      ...world.records,
      get: (of: MediaRef) => (of.mediaId === "unlucky" ? Promise.reject(new Error("unreadable")) : get(of)),
    };
    await expect(sweepGenerations({ ...world.deps, records }, { all: true })).rejects.toThrow("1 of 2 records");
    expect((await world.media()).restarts).toBe(1);
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

describe("an execution that has ended badly", () => {
  const lived = (seconds: number, name: string) => {
    const stoppedAt = world.clock.now();
    return { name, startedAt: stoppedAt - seconds * 1000, stoppedAt };
  };

  it("is replaced at once", async () => {
    const ref = await world.given(generating);
    await driveOn(world.deps, ref, lived(3600, ref.mediaId));
    expect([...world.executions.keys()]).toEqual([`${ref.mediaId}-r1`]);
  });

  it("is replaced a minute later when it did not live as long: it would die again", async () => {
    const ref = await world.given(generating);
    await driveOn(world.deps, ref, lived(5, ref.mediaId));
    expect(world.executions.size).toBe(0);
    world.clock.advance(60);
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 1, restarted: 1 });
  });

  it("changes nothing when it was a wake-up, or another has taken its place", async () => {
    const ref = await world.given({ ...generating, restarts: 1 });
    await driveOn(world.deps, ref, lived(3600, `${ref.mediaId}-w-1`));
    await driveOn(world.deps, ref, lived(3600, ref.mediaId));
    expect(await world.media()).toMatchObject({ restarts: 1, version: 1 });
  });
});

describe("a redrive", () => {
  const lost = { ...generating, phase: "failed", error: { code: "delivery_failed", message: "lost" } } as const;

  it("delivers what could not be stored, without another submit", async () => {
    const ref = await world.given({ ...lost, providerVideoUrl: "https://fal.example/files/video.mp4" });
    world.clock.advance(86_400);
    expect(await redriveGeneration(world.deps, ref.mediaId)).toMatchObject({ phase: "finalizing", restarts: 1 });
    expect([...world.executions]).toMatchObject([[`${ref.mediaId}-r1`, { enter: "check", lap: true }]]);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    await finalizeGeneration(world.deps, ref);
    const media = await world.media();
    expect(media).toMatchObject({ phase: "completed", analysisStatus: "completed" });
    expect(media).not.toHaveProperty("error");
    expect(world.kling.posts).toEqual([]);
  });

  it("has ten minutes, then it has failed again", async () => {
    const ref = await world.given(lost);
    world.clock.advance(86_400);
    world.orchestrator.down = true;
    await expect(redriveGeneration(world.deps, ref.mediaId)).rejects.toThrow("Step Functions is down");
    world.clock.advance(540);
    await sweepGenerations(world.deps, { all: false });
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "delivery_failed" } });
  });

  it.each([
    { phase: "completed" },
    { phase: "generating" },
    { phase: "failed", error: { code: "timed_out", message: "late" } },
  ] as const)("is refused where nothing was lost in delivery: %o", async (state) => {
    const ref = await world.given(state);
    await expect(redriveGeneration(world.deps, ref.mediaId)).rejects.toBeInstanceOf(NothingToRedriveError);
    await expect(redriveGeneration(world.deps, "nobody")).rejects.toBeInstanceOf(MediaNotFoundError);
    expect(await world.media()).toMatchObject({ phase: state.phase, version: 1 });
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
