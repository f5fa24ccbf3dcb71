// What fal reports of a job's end, and what comes of it: an earlier look, an adoption, an orphan, or nothing.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus, WAKE_UP_LOOKS } from "../../shared/generation/check.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { deleteMedia } from "../../shared/generation/delete.ts";
import type { MediaRef } from "../../shared/media/media.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { wakeGeneration } from "../../shared/generation/wake.ts";
import { ProviderUnavailableError } from "../../shared/media/errors.ts";
import type { KlingRequest } from "../../shared/kling/models.ts";
import { storedVideo } from "../support/sample-media.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const generating = { phase: "generating", requestId: "r1", attempt: 1 } as const;
const wakeUps = () => [...world.executions].filter(([name]) => name.includes("-w-"));

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

describe("a report of the job that a record follows", () => {
  it("starts one short execution, however often it comes", async () => {
    const ref = await world.given(generating);
    for (let time = 0; time < 10; time++) await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r1" });
    expect(wakeUps()).toEqual([[`${ref.mediaId}-w-1`, { ...ref, enter: "check", lap: false }]]);
    expect((await world.media()).version).toBe(1);
  });

  it("is known by either name that fal gives a job", async () => {
    const ref = await world.given(generating);
    const rerun = { requestId: "r1-again", gatewayRequestId: "r1" };
    await wakeGeneration(world.deps, { ...ref, attempt: 1 }, rerun);
    expect(wakeUps()).toHaveLength(1);
    expect(await world.media()).not.toHaveProperty("orphanRequestIds");
  });

  it.each(["finalizing", "completed", "failed", "canceled"] as const)(
    "changes nothing when it is %s",
    async (phase) => {
      const ref = await world.given({ ...generating, phase });
      await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r1" });
      expect(world.executions.size).toBe(0);
      expect(await world.media()).toMatchObject({ phase, version: 1 });
    },
  );

  it("is ignored when the record is gone", async () => {
    const gone = { tenantId: "acme", spaceId: "beach", mediaId: "gone", attempt: 1 };
    await expect(wakeGeneration(world.deps, gone, { requestId: "r1" })).resolves.toBeUndefined();
    expect(world.logged.join()).toContain("r1");
  });
});

describe("a report of a submit whose outcome we do not know", () => {
  it("is adopted: the job is followed, and nothing is submitted again", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.kling.ended("r-found");
    await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r-found" });
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r-found" });
    expect(wakeUps()).toHaveLength(1);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Started"]);
    expect(world.kling.posts).toHaveLength(1);
  });

  it("faster than our own record of the acceptance comes to the same", async () => {
    const ref = await world.given();
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
      startKlingVideoGeneration: async ({ image_url }: KlingRequest) => {
        world.kling.ended("r1", image_url);
        await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r1" });
        return { request_id: "r1" };
      },
    };
    await submitGeneration({ ...world.deps, kling }, ref);
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r1" });
    expect(await world.media()).not.toHaveProperty("orphanRequestIds");
  });

  it("of an earlier attempt is not adopted by a later one", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given({ attempt: 1 });
    await submitGeneration(world.deps, ref);
    world.kling.ended("r-first");
    await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r-first" });
    expect(await world.media()).toMatchObject({ phase: "submitting", orphanRequestIds: ["r-first"] });
  });

  it("that was given up meanwhile is an orphan: written down once, with an event, and nothing else changes", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await failGeneration(world.deps, ref, "submit_outcome_unknown");
    const before = await world.media();
    for (const requestId of ["r-late", "r-late", "r-later"]) {
      world.kling.ended(requestId);
      await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId });
    }
    const { version, updatedAt, sweepAt, outbox, orphanRequestIds, ...after } = await world.media();
    expect(before).toMatchObject(after);
    expect(orphanRequestIds).toEqual(["r-late", "r-later"]);
    expect(world.published.slice(-2).map(({ id, type }) => [id, type])).toEqual([
      [`${ref.mediaId}:orphaned:r-late`, "Generation Orphaned"],
      [`${ref.mediaId}:orphaned:r-later`, "Generation Orphaned"],
    ]);
    expect(wakeUps()).toEqual([]);
    expect([version, Object.keys(outbox)]).toEqual([before.version + 2, []]);
    expect(updatedAt && sweepAt).toBeUndefined();
    // Each found by its bill, and canceled at fal once, however often it is reported.
    expect(world.kling.cancels).toEqual(["r-late", "r-later"]);
    expect(await world.ledger.find("r-late")).toMatchObject({ mediaId: ref.mediaId, orphan: true });
  });

  it("that was given up is canceled by the next report, where fal could not be told by the first", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await failGeneration(world.deps, ref, "submit_outcome_unknown");
    world.kling.ended("r-late");
    const report = () => wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r-late" });
    world.kling.cancelAnswer = new ProviderUnavailableError("HTTP 503");
    await report();
    world.kling.cancelAnswer = "requested";
    await report();
    await report();
    expect(world.kling.cancels).toEqual(["r-late", "r-late"]);
  });
});

describe("a report of a submit that was given up, where fal keeps no history", () => {
  const report = (ref: MediaRef, attempt = 1) =>
    wakeGeneration(world.deps, { ...ref, attempt }, { requestId: "r-late" });
  const givenUp = async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await failGeneration(world.deps, ref, "submit_outcome_unknown");
    return ref;
  };

  it("is an orphan: no later report would bring it", async () => {
    await report(await givenUp());
    expect((await world.media()).orphanRequestIds).toEqual(["r-late"]);
    expect(world.published.at(-1)).toMatchObject({ type: "Generation Orphaned" });
  });

  it("is an orphan of what was deleted since, and leaves nothing open", async () => {
    const ref = await givenUp();
    await deleteMedia(world.deps, ref);
    world.clock.advance(400);
    await sweepGenerations(world.deps, { all: false });
    await report(ref);
    expect(await world.media()).toMatchObject({ phase: "deleted", context: "", orphanRequestIds: ["r-late"] });
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("of another attempt is asked for again, unless the media is deleted", async () => {
    const ref = await givenUp();
    await expect(report(ref, 2)).rejects.toBeInstanceOf(ProviderUnavailableError);
    await deleteMedia(world.deps, ref);
    const before = await world.media();
    await report(ref, 2);
    expect(await world.media()).toEqual(before);
  });

  it("is asked for again while the history does not answer: it may yet say", async () => {
    const ref = await givenUp();
    world.kling.historyFault = new ProviderUnavailableError("HTTP 500");
    await expect(report(ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
  });
});

describe("a report of another record's job", () => {
  it.each(["submitting", "generating", "completed", "failed"] as const)(
    "changes nothing while it is %s",
    async (phase) => {
      world.kling.submits = [unaccepted("in_doubt")];
      const ref = await world.given();
      await submitGeneration(world.deps, ref);
      if (phase !== "submitting") await world.records.move(ref, "accept", { requestId: "r1" });
      if (phase === "failed") await world.records.move(ref, "fail generation", {});
      if (phase === "completed") {
        await world.records.move(ref, "start finalizing", {});
        await world.records.move(ref, "complete", { video: storedVideo() });
      }
      const before = await world.media();
      world.kling.ended("r-other", "https://ours.example/sources/another.jpg");
      await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r-other" });
      expect(await world.media()).toEqual(before);
      expect(world.executions.size).toBe(0);
    },
  );

  it.each([
    ["silent", () => (world.kling.historyFault = new ProviderUnavailableError("HTTP 500"))],
    ["behind", () => {}],
    ["without its picture", () => world.kling.history.push({ requestId: "r-found" })],
  ])("cannot be told from ours while fal's history is %s: it is kept, and fal shall report again", async (_, given) => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    given();
    const report = wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r-found" });
    await expect(report).rejects.toBeInstanceOf(ProviderUnavailableError);
    expect(await world.media()).toMatchObject({ phase: "submitting", reportedRequestId: "r-found" });
  });
});

describe("a wake-up", () => {
  it("looks three times, a second apart, and ends", async () => {
    const ref = await world.given(generating);
    world.kling.status = { status: "IN_PROGRESS" };
    const before = world.clock.now();
    expect(await checkStatus(world.deps, ref, { looks: WAKE_UP_LOOKS })).toEqual({ next: "wait" });
    expect(world.clock.now() - before).toBe(2000);
  });

  it("goes on at once when fal's status says so", async () => {
    const ref = await world.given(generating);
    world.kling.status = { status: "COMPLETED" };
    const before = world.clock.now();
    expect(await checkStatus(world.deps, ref, { looks: WAKE_UP_LOOKS })).toEqual({ next: "finalize" });
    expect(world.clock.now()).toBe(before);
  });

  it("of a canceled job ends it", async () => {
    const ref = await world.given(generating);
    await cancelGeneration(world.deps, ref);
    await wakeGeneration(world.deps, { ...ref, attempt: 1 }, { requestId: "r1" });
    expect(wakeUps()).toHaveLength(1);
  });
});
