// One look: what fal says, what time says, what comes next.
import { beforeEach, describe, expect, it } from "vitest";
import { checkStatus } from "../../shared/generation/check.ts";
import { ProviderUnavailableError } from "../../shared/media/errors.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

const generating = {
  phase: "generating",
  requestId: "r1",
  attempt: 1,
  submittedAt: "2026-01-01T00:00:00.000Z",
} as const;

describe("a job at fal", () => {
  it("is asked for with its stored mode and its start", async () => {
    const ref = await world.given({ ...generating, generationMode: "master" });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect(world.kling.statusCalls).toMatchObject([
      {
        requestId: "r1",
        mode: { endpointId: "fal-ai/kling-video/v2.1/master/image-to-video", imageField: "image_url" },
        submittedAt: "2026-01-01T00:00:00.000Z",
      },
    ]);
  });

  it("shows its place in the queue, written only when it changes", async () => {
    const ref = await world.given(generating);
    await checkStatus(world.deps, ref);
    const { version } = await world.media();
    await checkStatus(world.deps, ref);
    expect(await world.media()).toMatchObject({ queuePosition: 2, version });
    world.kling.status = { status: "IN_PROGRESS" };
    await checkStatus(world.deps, ref);
    expect(await world.media()).not.toHaveProperty("queuePosition");
  });

  it("goes to the finaliser when it is completed, well or badly", async () => {
    const ref = await world.given(generating);
    world.kling.status = { status: "COMPLETED" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    world.kling.status = { status: "COMPLETED", error: "no", error_type: "content_policy_violation" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("is waited for while fal gives no usable answer", async () => {
    const ref = await world.given(generating);
    world.kling.status = new ProviderUnavailableError("HTTP 500");
    for (let n = 0; n < 30; n++) {
      expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
      world.clock.advance(10);
    }
    expect((await world.media()).phase).toBe("generating");
  });

  it("ends at its deadline", async () => {
    const ref = await world.given(generating);
    world.clock.advance(3600);
    world.kling.status = { status: "IN_PROGRESS" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "timed_out" });
  });

  it("of which fal says nothing at its deadline may be finished, and has nine minutes more", async () => {
    const ref = await world.given(generating);
    world.clock.advance(3600 + 539);
    world.kling.status = new ProviderUnavailableError("HTTP 404");
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "timed_out" });
  });

  it("is kept when it is finished at its deadline, for the nine minutes in which its result may yet be read", async () => {
    const ref = await world.given(generating);
    world.kling.status = { status: "COMPLETED" };
    world.clock.advance(3600 + 539);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "delivery_failed" });
  });
});

describe("a submit of unknown outcome", () => {
  beforeEach(() => {
    world.kling.submits = [unaccepted("in_doubt")];
  });

  it("is adopted from fal's history by its own picture, which no other job has", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.kling.ended("r-other", "data:image/jpeg;base64,another");
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect((await world.media()).phase).toBe("submitting");
    world.kling.ended("r-ours");
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r-ours" });
  });

  it("takes the request id that the submit step could not record", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await checkStatus(world.deps, ref, { heard: "r-heard" });
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r-heard" });
  });

  it("is never released and never submitted again, and given up after 15 minutes", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.clock.advance(899);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
    expect(world.kling.posts).toHaveLength(1);
  });

  it("is given up no later than the deadline", async () => {
    const ref = await world.given({ deadlineAt: "2026-01-01T00:05:00.000Z" });
    await submitGeneration(world.deps, ref);
    world.clock.advance(300);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
  });

  it("waits while fal's history cannot be read", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.kling.historyFault = new ProviderUnavailableError("HTTP 503");
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
  });

  it("is not given up while fal's history cannot be read, until the delivery's time is over too", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.kling.historyFault = new ProviderUnavailableError("HTTP 503");
    world.clock.advance(3600 + 539);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
  });

  it.each([
    ["silent till the deadline", 3600, () => (world.kling.historyFault = new ProviderUnavailableError("HTTP 503"))],
    ["without it for 15 minutes", 900, () => {}],
  ])("that fal has reported is adopted when its history stays %s", async (_, seconds, given) => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await world.records.move(ref, "note report", { reportedRequestId: "r-reported" });
    given();
    world.clock.advance(seconds - 1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect((await world.media()).phase).toBe("submitting");
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r-reported" });
  });

  it("that fal has reported is given up when the history, asked at last, shows it as another's", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await world.records.move(ref, "note report", { reportedRequestId: "r-foreign" });
    world.kling.ended("r-foreign", "https://ours.example/sources/another.jpg");
    world.clock.advance(900);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
  });

  it("that fal has reported is not adopted while fal does not tell its status, and given up when the delivery's time is over", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await world.records.move(ref, "note report", { reportedRequestId: "r-foreign" });
    world.kling.status = new ProviderUnavailableError("HTTP 404");
    world.clock.advance(900);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    expect((await world.media()).phase).toBe("submitting");
    world.clock.advance(3600 + 600 - 900);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
  });

  it("is given up in time, though the picture to look for it by is gone", async () => {
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await world.files.deleteAll((await world.media()).source?.key ?? "");
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(900);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "submit_outcome_unknown" });
  });
});

describe("what is not at fal", () => {
  it("is submitted when its time has come", async () => {
    const ref = await world.given({ attempt: 1, nextSubmitAt: "2026-01-01T00:00:10.000Z" });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(10);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "submit" });
  });

  it("ends at its deadline", async () => {
    const ref = await world.given();
    world.clock.advance(3600);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "timed_out" });
  });

  it.each(["completed", "failed", "canceled"] as const)(
    "is done when it is %s, and unknown where there is none",
    async (phase) => {
      const ref = await world.given({ phase });
      expect(await checkStatus(world.deps, ref)).toEqual({ next: "done" });
      expect(await checkStatus(world.deps, { ...ref, mediaId: "gone" })).toEqual({ next: "unknown" });
      expect(world.kling.statusCalls).toEqual([]);
    },
  );
});

describe("a video being stored", () => {
  it("is left to the holder of a live lease, and taken over after it", async () => {
    const ref = await world.given({
      ...generating,
      phase: "finalizing",
      leaseOwner: "x",
      leaseUntil: "2026-01-01T00:05:00.000Z",
    });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(300);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });

  it("has nine minutes more than the deadline", async () => {
    const ref = await world.given({ ...generating, phase: "finalizing" });
    world.clock.advance(3600 + 539);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    world.clock.advance(1);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "delivery_failed" });
  });

  it("is described again when its process died before the description", async () => {
    const ref = await world.given({ ...generating, phase: "completed", analysisStatus: "pending" });
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(120);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
  });
});
