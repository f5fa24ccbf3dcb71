// fal's places, two of them: never more jobs than that, turns by tenant, and a place that a dead process took comes back.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoPlaces } from "../../shared/adapters/dynamo-places.ts";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { move } from "../../shared/generation/move.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { failure } from "../../shared/media/failures.ts";
import type { Media, MediaRef } from "../../shared/media/media.ts";
import type { Places } from "../../shared/media/ports.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { queuedMedia } from "../support/sample-media.ts";

const PLACES = 2;

let world: MediaWorld;
let places: Places;
beforeEach(async () => {
  world = await mediaWorld();
  places = createDynamoPlaces({ ...world.dynamo, limit: PLACES });
  world.deps.places = places;
});

/** Ids are of all tenants together. */
const FIRST: Record<string, number> = { acme: 10, globex: 40 };

/** The n-th of a tenant. */
const given = (tenantId: string, n: number) =>
  world.given({ tenantId, id: queuedMedia().id.replace(/\d\d$/, String(n + (FIRST[tenantId] ?? 70))) });
const some = async (tenantId: string, count: number) => {
  const refs: MediaRef[] = [];
  for (let n = 0; n < count; n++) refs.push(await given(tenantId, n));
  return refs;
};

async function record(ref: MediaRef | undefined): Promise<Media> {
  const media = ref && (await world.records.get(ref));
  if (!media) throw new Error("There is no such record.");
  return media;
}

/** The next look of the state machine at one of them. */
async function aLap(ref: MediaRef): Promise<void> {
  const told = await checkStatus(world.deps, ref);
  if (told.next === "submit") await submitGeneration(world.deps, ref);
  if (told.next === "fail") await failGeneration(world.deps, ref, told.code);
}

/** fal has failed the job of one. */
const ends = async (ref: MediaRef) =>
  move(world.deps, await record(ref), "fail generation", { error: failure("not_submitted") });

/** In the order in which fal took their jobs: `acme 12`, the n-th of its tenant. */
const taken = () =>
  world.published
    .filter(({ type }) => type === "Generation Started")
    .map(({ media }) => `${media.tenantId} ${Number(media.id.slice(-2)) - (FIRST[media.tenantId] ?? 70)}`);
const holders = async () => Object.keys((await places.read()).by).length;

describe("when fal's places are taken", () => {
  it("tenants take turns, each with its oldest first", async () => {
    const all = [...(await some("acme", 5)), ...(await some("globex", 3))];
    for (const ref of all) await submitGeneration(world.deps, ref);
    expect(taken()).toEqual(["acme 0", "acme 1"]);
    for (let round = 0; round < 6; round++) {
      const running = await Promise.all(all.map(record));
      const first = running.findIndex(({ phase }) => phase === "generating");
      await ends(all[first] as MediaRef);
      // Whoever happens to look first: the turn is the other's all the same.
      for (const ref of all.toReversed()) await aLap(ref);
      for (const ref of all) await aLap(ref);
    }
    expect(taken()).toEqual(["acme 0", "acme 1", "globex 0", "acme 2", "globex 1", "acme 3", "globex 2", "acme 4"]);
  });

  it("one tenant's hundred do not keep another's first waiting for more than a turn", async () => {
    const many = await some("acme", 12);
    for (const ref of many) await submitGeneration(world.deps, ref);
    const late = await given("globex", 0);
    await submitGeneration(world.deps, late);
    await ends(many[0] as MediaRef);
    for (const ref of [...many, late]) await aLap(ref);
    expect(taken().at(-1)).toBe("globex 0");
  });

  it("no more jobs than places are at fal, however many submit at once", async () => {
    const all = [...(await some("acme", 6)), ...(await some("globex", 6))];
    await Promise.all(all.map((ref) => submitGeneration(world.deps, ref)));
    expect(world.kling.posts.length).toBeLessThanOrEqual(PLACES);
    for (const ref of all) await aLap(ref);
    expect(world.kling.posts).toHaveLength(PLACES);
    expect(await holders()).toBe(PLACES);
  });

  it("what waits is prepared, and neither prepares nor submits at each look", async () => {
    const [, , waits] = await some("acme", 3);
    for (const ref of await some("globex", 2)) await submitGeneration(world.deps, ref);
    await submitGeneration(world.deps, waits as MediaRef);
    const { phase, source, waitsSince, attempt } = await record(waits);
    expect({ phase, attempt, isPrepared: source !== undefined }).toEqual({
      phase: "queued",
      attempt: 0,
      isPrepared: true,
    });
    expect(waitsSince).toBeDefined();
    expect(await checkStatus(world.deps, waits as MediaRef)).toEqual({ next: "wait" });
  });

  it("one that is canceled leaves the line, and one at its deadline ends", async () => {
    for (const ref of await some("globex", 2)) await submitGeneration(world.deps, ref);
    const [first, second, third] = await some("acme", 3);
    for (const ref of [first, second, third]) await submitGeneration(world.deps, ref as MediaRef);
    await cancelGeneration(world.deps, first as MediaRef);
    expect((await world.records.waiting(9)).map(({ mediaId }) => mediaId)).toEqual([second?.mediaId, third?.mediaId]);
    world.clock.advance(3600);
    await aLap(second as MediaRef);
    expect(await record(second)).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
    // Its execution is gone, and the state machine with it.
    world.orchestrator.down = true;
    await sweepGenerations(world.deps, { all: false });
    expect(await record(third)).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
    expect(await world.records.waiting(9)).toEqual([]);
  });
});

describe("a place", () => {
  it.each([
    ["fal has failed the job", async (ref: MediaRef) => void (await ends(ref))],
    [
      "its video is being stored",
      async (ref: MediaRef) => void (await move(world.deps, await record(ref), "start finalizing", {})),
    ],
    [
      "fal confirms its cancel",
      async (ref: MediaRef) => {
        world.kling.cancelAnswer = "confirmed";
        await cancelGeneration(world.deps, ref);
      },
    ],
  ])("is free again when %s", async (_when, happens) => {
    const ref = await given("acme", 0);
    await submitGeneration(world.deps, ref);
    expect(await holders()).toBe(1);
    await happens(ref);
    expect(await holders()).toBe(0);
  });

  it.each(["busy", "not_sent", "refused", "held"] as const)("is free again when a submit was %s", async (outcome) => {
    world.kling.submits = [unaccepted(outcome, "provider_account_locked")];
    await submitGeneration(world.deps, await given("acme", 0));
    expect(await holders()).toBe(0);
  });

  it("is kept while nobody knows whether fal has the job", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    await submitGeneration(world.deps, await given("acme", 0));
    expect(await holders()).toBe(1);
  });

  it("that a process took and died comes back, and the next in turn has it", async () => {
    const [dead, ...others] = await some("acme", 4);
    const at = new Date(world.clock.now()).toISOString();
    const { tenantId, spaceId, mediaId } = dead as MediaRef;
    await places.write(await places.read(), { by: { [mediaId]: { tenantId, spaceId, at } }, turn: tenantId });
    for (const ref of others) await submitGeneration(world.deps, ref);
    expect(world.kling.posts).toHaveLength(1);
    world.clock.advance(201);
    await sweepGenerations(world.deps, { all: false });
    for (const ref of others) await aLap(ref);
    expect(world.kling.posts).toHaveLength(2);
    // The dead one itself is started again by the sweeper, and asks for a place like any other.
    expect([...world.executions.keys()]).toContain(`${mediaId}-r1`);
  });

  it("of a job that fal still has is never taken back, however old it is", async () => {
    const ref = await given("acme", 0);
    await submitGeneration(world.deps, ref);
    world.clock.advance(3000);
    await sweepGenerations(world.deps, { all: false });
    expect(await holders()).toBe(1);
  });

  it("of a machine that comes back after a crash: its executions are started again, and its line stands", async () => {
    const all = await some("acme", 4);
    for (const ref of all) await submitGeneration(world.deps, ref);
    await sweepGenerations(world.deps, { all: true });
    for (const ref of all) await aLap(ref);
    expect(world.kling.posts).toHaveLength(PLACES);
    expect(await world.records.waiting(9)).toHaveLength(2);
    await ends(all[0] as MediaRef);
    for (const ref of all) await aLap(ref);
    for (const ref of all) await aLap(ref);
    expect(taken()).toEqual(["acme 0", "acme 1", "acme 2"]);
  });
});

it("without FAL_CONCURRENCY nothing is counted, and what waited goes on", async () => {
  const all = await some("acme", 4);
  for (const ref of all) await submitGeneration(world.deps, ref);
  world.deps.places = undefined;
  for (const ref of all) await aLap(ref);
  expect(world.kling.posts).toHaveLength(4);
});
