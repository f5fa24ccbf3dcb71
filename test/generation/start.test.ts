// Starting: saved once, started once, the same answer to the same key.
import { beforeEach, describe, expect, it } from "vitest";
import { IdempotencyKeyReusedError, StartsStoppedError } from "../../shared/media/errors.ts";
import { startGeneration, startOrFindRepeated, type StartCommand } from "../../shared/generation/start.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const command: StartCommand = {
  tenantId: "acme",
  spaceId: "holiday",
  uploadedBy: "ada",
  context: "The waves roll in.",
  image: { link: "https://pictures.example/beach.jpg" },
  generationMode: "pro",
  duration: "10",
};

let world: MediaWorld;
let ids: number;
beforeEach(async () => {
  world = await mediaWorld();
  ids = 0;
});
const deps = () => ({ ...world.deps, newId: () => `media-${++ids}` });
const stored = async () => (await world.records.list({ tenantId: "acme", spaceId: "holiday" }, { limit: 100 })).items;

describe("starting a generation", () => {
  it("saves the record with its price and deadline, and starts its workflow under its own name", async () => {
    const { media } = await startGeneration(deps(), command);
    expect(media).toMatchObject({ phase: "queued", estimatedCostUsd: 0.98, deadlineAt: "2026-01-01T01:00:00.000Z" });
    expect(await stored()).toEqual([media]);
    const ref = { tenantId: "acme", spaceId: "holiday", mediaId: "media-1" };
    expect([...world.executions]).toEqual([["media-1", { ...ref, enter: "submit", lap: true }]]);
  });

  it("is a success when the workflow cannot be started: the sweeper finds the record a minute later", async () => {
    world.orchestrator.down = true;
    const { media } = await startGeneration(deps(), command);
    expect(await world.records.due("2026-01-01T00:00:59.999Z", 10)).toEqual([]);
    expect(await world.records.due("2026-01-01T00:01:00.000Z", 10)).toMatchObject([{ mediaId: media.id }]);
  });

  it.each([undefined, "key"])(
    "is one start when the answer to its record was lost on the way (key: %s)",
    async (key) => {
      let puts = 0;
      const theRecords = key === undefined ? 1 : 2;
      world = await mediaWorld({ loses: (operation) => operation === "PutItem" && ++puts === theRecords });
      const { media, replayed } = await startGeneration(deps(), command, key);
      expect([replayed, await stored()]).toMatchObject([false, [{ id: media.id, phase: "queued" }]]);
      expect([...world.executions.keys()]).toEqual([media.id]);
    },
  );

  it("calls neither fal nor the image's host nor WorkflowAI", async () => {
    world.web.clear();
    await startGeneration(deps(), command);
    expect(world.kling.posts).toEqual([]);
  });
});

describe("with an Idempotency-Key", () => {
  it("gives the first record again, as it was, and starts nothing", async () => {
    const first = await startGeneration(deps(), command, "key");
    await world.records.move({ tenantId: "acme", spaceId: "holiday", mediaId: "media-1" }, "cancel", {});
    const again = await startGeneration(deps(), command, "key");
    expect(first.replayed).toBe(false);
    expect(again).toEqual({ media: first.media, replayed: true });
    expect(await stored()).toHaveLength(1);
    expect(world.executions.size).toBe(1);
  });

  it("refuses the same key with other words", async () => {
    await startGeneration(deps(), command, "key");
    const other = startGeneration(deps(), { ...command, context: "Something else." }, "key");
    await expect(other).rejects.toBeInstanceOf(IdempotencyKeyReusedError);
    expect(await stored()).toHaveLength(1);
  });

  it("makes one record of fifty concurrent starts", async () => {
    const own = deps();
    const started = await Promise.all(Array.from({ length: 50 }, () => startGeneration(own, command, "key")));
    expect(new Set(started.map(({ media }) => media.id)).size).toBe(1);
    expect(started.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await stored()).toHaveLength(1);
  });

  it("writes the record that a crash after the key had left out", async () => {
    const create = world.deps.records.create.bind(world.deps.records);
    const crashing = { ...deps(), records: { ...world.records, create: () => Promise.reject(new Error("killed")) } };
    await expect(startGeneration(crashing, command, "key")).rejects.toThrow("killed");
    const again = await startGeneration({ ...deps(), records: { ...world.records, create } }, command, "key");
    expect(again.replayed).toBe(true);
    expect((await stored()).map(({ id }) => id)).toEqual(["media-1"]);
    expect([...world.executions.keys()]).toEqual(["media-1"]);
  });

  it("belongs to the event that started it, where an earlier one with the key was refused", async () => {
    const asked = (id: string) => ({ ...command, request: { id, idempotencyKey: "key" } });
    await world.budget.stop(true);
    await expect(startGeneration(deps(), asked("first"), "key")).rejects.toBeInstanceOf(StartsStoppedError);
    await world.budget.stop(false);
    await startGeneration(deps(), asked("second"), "key");
    expect(await stored()).toMatchObject([{ id: "media-1", request: { id: "second" } }]);
  });

  it("keeps keys of different tenants apart", async () => {
    await startGeneration(deps(), command, "key");
    const other = await startGeneration({ ...deps() }, { ...command, tenantId: "other" }, "key");
    expect(other.replayed).toBe(false);
  });
});

describe("without a key, from a client that says what is a repeat", () => {
  const start = (isRepeat: boolean, change: Partial<StartCommand> = {}) =>
    startOrFindRepeated(deps(), { ...command, ...change }, { isRepeat });

  it("a repeat finds the latest start of the same command, and starts nothing", async () => {
    const first = await start(false);
    expect(await start(true)).toEqual({ media: first.media, replayed: true });
    const second = await start(false);
    expect(second).toMatchObject({ replayed: false, media: { id: expect.not.stringMatching(first.media.id) } });
    expect((await start(true)).media.id).toBe(second.media.id);
    expect(await stored()).toHaveLength(2);
    expect(world.executions.size).toBe(2);
  });

  it("a repeat of what never arrived is the first, and is found by the next", async () => {
    const first = await start(true);
    expect(first.replayed).toBe(false);
    expect(await start(true)).toEqual({ media: first.media, replayed: true });
  });

  it("a repeat is of its own user, tenant and command, and of ten minutes", async () => {
    await start(false);
    for (const other of [{ uploadedBy: "eve" }, { tenantId: "evil" }, { context: "Something else." }])
      expect((await start(true, other)).replayed).toBe(false);
    world.clock.advance(599);
    expect((await start(true)).replayed).toBe(true);
    world.clock.advance(2);
    expect((await start(true)).replayed).toBe(false);
  });

  it("a repeat carries out what was refused before it, once there is room", async () => {
    world.deps.limits = { tenant: { startsPerMinute: 0 }, everybody: {} };
    await expect(start(false)).rejects.toMatchObject({ code: "rate_limited" });
    world.deps.limits = { tenant: {}, everybody: {} };
    expect((await start(true)).media.phase).toBe("queued");
    expect(await stored()).toHaveLength(1);
  });
});
