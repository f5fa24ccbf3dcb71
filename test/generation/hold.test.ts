// An account that fal has locked: what waits, which one asks, and that everything goes on by itself and nothing is paid twice.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import type { Media, MediaRef } from "../../shared/media/media.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { queuedMedia } from "../support/sample-media.ts";

const LOCKED = "provider_account_locked";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const BEGINNING = "2026-01-01T00:00:00.000Z";

let world: MediaWorld;
const fal = {
  locks: (code = LOCKED) => (world.kling.refusal = unaccepted("held", code)),
  unlocks: () => (world.kling.refusal = undefined),
};
beforeEach(async () => {
  world = await mediaWorld();
  fal.locks();
});

/** The n-th that was started, some milliseconds after the one before. */
const given = (n: number, overrides: Partial<Media> = {}) =>
  world.given({ id: queuedMedia().id.replace(/\d\d$/, String(n + 10)), ...overrides });

/** What the state machine does with one, until it waits for fal or for the sweeper. @returns the steps that it took */
async function driven(ref: MediaRef): Promise<number> {
  for (let steps = 1; steps < 9; steps++) {
    const told = await checkStatus(world.deps, ref);
    if (told.next === "submit") await submitGeneration(world.deps, ref);
    else if (told.next === "fail") await failGeneration(world.deps, ref, told.code);
    else return steps;
  }
  throw new Error("It laps on and on.");
}

/** So many that have met the lock, one second after the other. */
async function held(count: number): Promise<MediaRef[]> {
  const refs: MediaRef[] = [];
  for (let n = 0; n < count; n++) {
    const ref = await given(n);
    await submitGeneration(world.deps, ref);
    await driven(ref);
    refs.push(ref);
    world.clock.advance(1);
  }
  return refs;
}

/** The sweeper's next run, and what it has started, until that waits again. */
async function aMinute(afterSeconds = MINUTE): Promise<void> {
  world.clock.advance(afterSeconds);
  await sweepGenerations(world.deps, { all: false });
  const started = [...world.executions.values()];
  world.executions.clear();
  for (const { tenantId, spaceId, mediaId } of started) await driven({ tenantId, spaceId, mediaId });
}

async function record(ref: MediaRef | undefined): Promise<Media> {
  const media = ref && (await world.records.get(ref));
  if (!media) throw new Error("There is no such record.");
  return media;
}
const phases = async (refs: MediaRef[]) => (await Promise.all(refs.map(record))).map(({ phase }) => phase);
const account = async () => (await world.gate.read()).account;
const posts = () => world.kling.posts.length;

describe("a submit that fal refuses for the account's sake", () => {
  it("leaves the generation queued, with its picture and its words prepared, and without a claim", async () => {
    const ref = await given(0);
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "wait" });
    const media = await record(ref);
    expect(media).toMatchObject({
      phase: "queued",
      hold: { code: LOCKED, since: BEGINNING },
      heldUntil: "2026-01-02T00:00:00.000Z",
      prompt: "The waves roll in. Cinematic.",
    });
    expect(media.source?.key).toContain("sources/");
    expect(media.claimedAt).toBeUndefined();
    expect((await account()).hold).toMatchObject({ code: LOCKED, since: BEGINNING });
  });

  it("ends its execution with the next look, however long it will wait", async () => {
    const [ref] = await held(1);
    expect(await world.records.parked(9)).toEqual([{ ...ref, heldUntil: "2026-01-02T00:00:00.000Z" }]);
    expect(await checkStatus(world.deps, ref as MediaRef)).toEqual({ next: "held" });
  });

  it("says once that the account is held, however many are refused", async () => {
    await Promise.all([0, 1, 2, 3].map(async (n) => submitGeneration(world.deps, await given(n))));
    expect(world.announced).toEqual([
      {
        type: "Provider Account Held",
        detail: {
          version: 1,
          id: `provider-account:${BEGINNING}:held:${LOCKED}`,
          code: LOCKED,
          since: BEGINNING,
          at: BEGINNING,
        },
      },
    ]);
    expect((await account()).outbox).toEqual([]);
  });

  it("is said again when its reason has changed", async () => {
    await held(1);
    fal.locks("provider_key_refused");
    await aMinute();
    expect(world.announced.map(({ detail }) => detail)).toMatchObject([
      { code: LOCKED, since: BEGINNING },
      { code: "provider_key_refused", since: BEGINNING },
    ]);
  });
});

describe("as long as fal takes no job", () => {
  it("what is started is prepared, and waits without a POST", async () => {
    await held(1);
    const before = posts();
    const ref = await given(1);
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "wait" });
    expect(await record(ref)).toMatchObject({ phase: "queued", attempt: 0, hold: { code: LOCKED } });
    expect((await record(ref)).source).toBeDefined();
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "held" });
    expect(posts()).toBe(before);
  });

  it("a picture that cannot be used is said at once", async () => {
    await held(1);
    const ref = await given(1, { image: { link: "https://pictures.example/none.jpg" } });
    await submitGeneration(world.deps, ref);
    expect(await record(ref)).toMatchObject({ phase: "failed", error: { code: "image_not_found" } });
  });

  it("one probe a minute leaves us in the first hour, and one in ten minutes later", async () => {
    const refs = await held(5);
    const before = posts();
    for (let minute = 0; minute < 10; minute++) await aMinute();
    expect(posts() - before).toBe(10);
    await aMinute(HOUR);
    const later = posts();
    for (let minute = 0; minute < 30; minute++) await aMinute();
    expect(posts() - later).toBe(3);
    expect(new Set(await phases(refs))).toEqual(new Set(["queued"]));
  });

  it("each probe is that of the one that waits longest", async () => {
    const refs = await held(3);
    for (let minute = 0; minute < 5; minute++) await aMinute();
    const attempts = (await Promise.all(refs.map(record))).map(({ attempt }) => attempt);
    expect(attempts).toEqual([6, 0, 0]);
  });

  it("two machines never probe at once", async () => {
    const [first, second] = await held(2);
    world.clock.advance(MINUTE);
    const before = posts();
    await Promise.all([1, 2, 3, 4].map(async () => submitGeneration(world.deps, first as MediaRef)));
    await submitGeneration(world.deps, second as MediaRef);
    expect(posts()).toBe(before + 1);
  });

  it("nothing is asked where no video is wanted any more, and the next that is wanted asks", async () => {
    const refs = await held(3);
    for (const ref of refs) await cancelGeneration(world.deps, ref);
    expect(await phases(refs)).toEqual(["canceled", "canceled", "canceled"]);
    const before = posts();
    for (let minute = 0; minute < 3; minute++) await aMinute();
    expect(posts()).toBe(before);
    fal.unlocks();
    const ref = await given(4);
    await submitGeneration(world.deps, ref);
    expect(await record(ref)).toMatchObject({ phase: "generating" });
    expect((await account()).hold).toBeUndefined();
  });

  it("the kill switch keeps the probe back, too, and no execution laps for that", async () => {
    const [ref] = await held(1);
    await world.budget.stop(true);
    const before = posts();
    world.clock.advance(MINUTE);
    expect(await driven(ref as MediaRef)).toBe(1);
    await aMinute();
    expect(world.executions.size).toBe(0);
    expect(posts()).toBe(before);
    await world.budget.stop(false);
    await aMinute();
    expect(posts()).toBe(before + 1);
  });

  it("a machine that comes back after a crash, with its index lost, probes as before", async () => {
    const refs = await held(3);
    for (const ref of refs) await world.loseIndexEntry(ref);
    expect(await world.records.parked(9)).toEqual([]);
    await sweepGenerations(world.deps, { all: true });
    expect(world.executions.size).toBe(0);
    expect(await world.records.parked(9)).toHaveLength(3);
    const before = posts();
    await aMinute();
    expect(posts()).toBe(before + 1);
  });
});

describe("when fal takes jobs again", () => {
  it("all go on by themselves, each with one job, within a minute of the probe", async () => {
    const refs = await held(8);
    for (let minute = 0; minute < 3; minute++) await aMinute();
    const before = posts();
    fal.unlocks();
    await aMinute();
    expect((await phases(refs)).filter((phase) => phase === "generating")).toHaveLength(1);
    await aMinute();
    expect(new Set(await phases(refs))).toEqual(new Set(["generating"]));
    expect(posts() - before).toBe(8);
    expect(new Set((await Promise.all(refs.map(record))).map(({ requestId }) => requestId)).size).toBe(8);
    expect(await world.records.parked(9)).toEqual([]);
  });

  it("it is said once, and nothing is left to be said", async () => {
    await held(3);
    fal.unlocks();
    await aMinute();
    await aMinute();
    expect(world.announced.map(({ type }) => type)).toEqual(["Provider Account Held", "Provider Account Released"]);
    expect(await account()).toMatchObject({ outbox: [] });
  });

  it("what the bus did not take is told by the sweeper, in its order", async () => {
    world.bus.down = true;
    await held(1);
    fal.unlocks();
    await aMinute();
    expect((await account()).outbox).toHaveLength(2);
    world.bus.down = false;
    await aMinute();
    expect(world.announced.map(({ type }) => type)).toEqual(["Provider Account Held", "Provider Account Released"]);
    expect((await account()).outbox).toEqual([]);
  });

  it("has cost a generation none of its time", async () => {
    const [ref] = await held(1);
    await aMinute();
    await aMinute(5 * HOUR);
    fal.unlocks();
    await aMinute(10 * MINUTE);
    const { deadlineAt, submittedAt, phase, hold } = await record(ref);
    expect({ phase, hold }).toEqual({ phase: "generating", hold: undefined });
    const left = (Date.parse(deadlineAt ?? "") - Date.parse(submittedAt ?? "")) / 1000;
    expect(left).toBe(HOUR);
  });

  it("a second lock holds those that have not been taken, until the day of the first is over", async () => {
    const refs = await held(2);
    fal.unlocks();
    await aMinute();
    fal.locks();
    await aMinute();
    expect(await phases(refs)).toEqual(["generating", "queued"]);
    expect(await record(refs[1])).toMatchObject({ heldUntil: "2026-01-02T00:00:01.000Z" });
    fal.unlocks();
    await aMinute();
    expect(await phases(refs)).toEqual(["generating", "generating"]);
  });

  it("an acceptance that was not asked for as a probe lifts nothing: it may be older than the lock", async () => {
    fal.unlocks();
    const [before, after] = [await given(0), await given(1)];
    const startKlingVideoGeneration: typeof world.kling.startKlingVideoGeneration = async () => {
      fal.locks();
      await submitGeneration(world.deps, after);
      return { request_id: "taken before" };
    };
    const kling = { startKlingVideoGeneration, cancelKlingRequest: world.kling.cancelKlingRequest.bind(world.kling) };
    await submitGeneration({ ...world.deps, kling }, before);
    expect(await record(before)).toMatchObject({ phase: "generating" });
    expect((await account()).hold).toMatchObject({ code: LOCKED });
  });
});

describe("a hold that lasts too long", () => {
  it("ends the generation with the account's code, in words for the person who waits", async () => {
    const [ref] = await held(1);
    for (let quarter = 0; quarter < 4; quarter++) await aMinute(6 * HOUR);
    await aMinute();
    const { phase, error } = await record(ref);
    expect({ phase, code: error?.code }).toEqual({ phase: "failed", code: LOCKED });
    expect(error?.message).toMatch(/nothing is charged.*Tell the operator/i);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Failed"]);
    expect(await world.records.parked(9)).toEqual([]);
  });

  it("ends it even where no execution can be started", async () => {
    const [ref] = await held(1);
    world.orchestrator.down = true;
    world.clock.advance(24 * HOUR);
    await sweepGenerations(world.deps, { all: false });
    expect(await record(ref)).toMatchObject({ phase: "failed", error: { code: LOCKED } });
  });

  it("ends at the second lock what was not taken after the first, without asking", async () => {
    const refs = await held(2);
    fal.unlocks();
    await aMinute();
    fal.locks();
    await submitGeneration(world.deps, await given(5));
    const before = posts();
    world.clock.advance(24 * HOUR);
    await submitGeneration(world.deps, refs[1] as MediaRef);
    expect(await record(refs[1])).toMatchObject({ phase: "failed", error: { code: LOCKED } });
    expect(posts()).toBe(before);
  });

  it("asks no more on behalf of what has ended", async () => {
    await held(1);
    world.clock.advance(24 * HOUR);
    const before = posts();
    await aMinute();
    expect(posts()).toBe(before);
  });
});
