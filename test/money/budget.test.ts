// Money through a generation's whole life: put aside at the start, spent or given back at the end, once, even if a process comes twice or dies.
import { PutItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { EVERYBODYS_SHARDS } from "../../shared/adapters/dynamo-shards.ts";
import { mediaKey } from "../../shared/adapters/media-item.ts";
import { periodOf, renewalOf } from "../../shared/money/budget.ts";
import { quotaOf } from "../../shared/money/quota.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { deleteMedia } from "../../shared/generation/delete.ts";
import { OverBudgetError, StartsStoppedError, TooManyStartsError } from "../../shared/media/errors.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { refOf, type Media, type MediaRef } from "../../shared/media/media.ts";
import { instant } from "../../shared/media/instant.ts";
import type { Account } from "../../shared/media/account.ts";
import { redriveGeneration } from "../../shared/generation/redrive.ts";
import { startGeneration, type StartCommand } from "../../shared/generation/start.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const command: StartCommand = {
  tenantId: "acme",
  spaceId: "holiday",
  uploadedBy: "ada",
  context: "The waves roll in.",
  image: { link: "https://pictures.example/beach.jpg" },
  generationMode: "standard",
  duration: "5",
};
const ACME: Account = { tenantId: "acme" };
const EVERYBODY: Account = { everybody: true };
/** Three videos of $0.28 each, and no more. */
const CAP_MILLS = 900;

let world: MediaWorld;
let ids: number;
beforeEach(async () => {
  world = await mediaWorld();
  world.deps.limits = { tenant: { capMills: CAP_MILLS }, everybody: { capMills: CAP_MILLS } };
  ids = 0;
});
const deps = () => ({ ...world.deps, newId: () => `media-${++ids}` });
const start = (key?: string, tenantId = "acme") => startGeneration(deps(), { ...command, tenantId }, key);
const stored = async () => (await world.records.list({ tenantId: "acme", spaceId: "holiday" }, { limit: 100 })).items;

/** What is committed of an account's month, and what of it is open: by asking for more than there is. */
async function committed(account: Account): Promise<{ mills: number; open: string[] }> {
  const probe = { id: "probe", mediaId: "probe", tenantId: "acme", spaceId: "s", mills: 1_000_000, at: 0 };
  const refusal = await world.budget.reserve(account, probe, { capMills: CAP_MILLS });
  if (refusal?.reason !== "over_budget") throw new Error("the probe was not refused");
  const parts = "everybody" in account ? EVERYBODYS_SHARDS : [account];
  const open = await Promise.all(parts.map((part) => world.budget.open(part)));
  const ids = open.flat().map(({ id }) => id);
  return { mills: CAP_MILLS - refusal.leftMills, open: ids.sort() };
}
async function expectCommitted(mills: number, open: string[]): Promise<void> {
  expect(await committed(ACME)).toEqual({ mills, open });
  expect(await committed(EVERYBODY)).toEqual({ mills, open });
}

describe("what starts that died have put aside", () => {
  const reservation = (mediaId: string, tenantId: string) => {
    const at = world.clock.now();
    return { id: mediaId, mediaId, tenantId, spaceId: "holiday", mills: 280, at };
  };

  it("is freed though another account cannot be read", async () => {
    for (const tenantId of ["unreadable", "acme"]) {
      await world.budget.reserve({ tenantId }, reservation(`of-${tenantId}`, tenantId), { capMills: CAP_MILLS });
      world.clock.advance(1);
    }
    const open: typeof world.budget.open = (account) =>
      "tenantId" in account && account.tenantId === "unreadable"
        ? Promise.reject(new Error("unreadable"))
        : world.budget.open(account);
    for (let minute = 0; minute < 25; minute++) {
      world.clock.advance(60);
      await sweepGenerations({ ...world.deps, budget: { ...world.budget, open } }, { all: false }).catch(() => {});
    }
    expect((await committed(ACME)).mills).toBe(0);
  });

  it("is freed though the record of another reservation cannot be read, and that is said", async () => {
    for (const mediaId of ["media-1", "unreadable", "media-2"]) {
      await world.budget.reserve(ACME, reservation(mediaId, "acme"), { capMills: CAP_MILLS });
    }
    const get: typeof world.records.get = (ref) =>
      ref.mediaId === "unreadable" ? Promise.reject(new Error("unreadable")) : world.records.get(ref);
    world.clock.advance(16 * 60);
    const sweep = sweepGenerations({ ...world.deps, records: { ...world.records, get } }, { all: false });
    await expect(sweep).rejects.toThrow("1 reservations could not be looked at");
    expect((await world.budget.open(ACME)).map(({ id }) => id)).toEqual(["unreadable"]);
  });

  it("is freed bit by bit where there is much of it, and no run outlasts its function", async () => {
    for (let n = 0; n < 60; n++) {
      await world.budget.reserve(ACME, reservation(`media-${n}`, "acme"), { maxOpen: 1000 });
    }
    const records = {
      ...world.records,
      get: (ref: MediaRef) => {
        world.clock.advance(2.5);
        return world.records.get(ref);
      },
    };
    let runs = 0;
    for (world.clock.advance(16 * 60); (await world.budget.open(ACME)).length > 0; world.clock.advance(300)) {
      const begun = world.clock.now();
      await sweepGenerations({ ...world.deps, records }, { all: false });
      expect(world.clock.now() - begun).toBeLessThan(50_000);
      runs++;
    }
    expect(runs).toBe(4);
  });
});

describe("at the start", () => {
  it("the price is put aside in the deployment's account and the tenant's, and the record says so", async () => {
    const { media } = await start();
    await expectCommitted(280, [media.id]);
    expect(await stored()).toMatchObject([
      { id: media.id, reservation: media.id, reservedWith: [{ everybody: true, shard: expect.any(Number) }, ACME] },
    ]);
  });

  it("nothing is written where nothing is limited", async () => {
    world.deps.limits = { tenant: {}, everybody: {} };
    const { media } = await start();
    await expectCommitted(0, []);
    expect(media).not.toHaveProperty("reservation");
    expect(await stored()).toEqual([media]);
  });

  it("a tenant who has spent its month is told what is left, and nothing is started", async () => {
    for (let n = 0; n < 3; n++) await start();
    world.deps.limits.everybody = { capMills: 10_000 };
    const refused = await start().catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(OverBudgetError);
    expect(refused).toMatchObject({
      code: "over_budget",
      leftUsd: 0.06,
      renewsAt: "2026-02-01T00:00:00.000Z",
      details: [{ path: "MONTHLY_CAP_USD", leftUsd: 0.06, renewsAt: "2026-02-01T00:00:00.000Z" }],
      message: "This video costs $0.28, and $0.06 of this month's budget is left. It renews on 2026-02-01.",
    });
    expect(await stored()).toHaveLength(3);
    expect(world.executions.size).toBe(3);
    // What was put aside in the deployment's account before the tenant's refused is given back.
    await expectCommitted(840, ["media-1", "media-2", "media-3"]);
  });

  it("the deployment's cap holds over all tenants, and what they have left is not told", async () => {
    for (const tenant of ["acme", "other", "third"]) await start(undefined, tenant);
    const refused = await start(undefined, "fourth").catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "over_budget", leftUsd: undefined });
    expect(String(refused)).toContain("this service has spent its budget for the month");
    const message = "is spent, and renews on 2026-02-01T00:00:00.000Z";
    const details = [{ path: "GLOBAL_MONTHLY_CAP_USD", message, renewsAt: "2026-02-01T00:00:00.000Z" }];
    expect(refused).toHaveProperty("details", details);
  });

  it("a tenant's open generations and starts per minute are limited", async () => {
    world.deps.limits = { tenant: { maxOpen: 1 }, everybody: {} };
    const { media } = await start();
    await expect(start()).rejects.toMatchObject({ code: "too_many_open", retryAfterSeconds: 30 });
    await cancelGeneration(world.deps, refOf(media));
    await start();
    world.deps.limits = { tenant: { startsPerMinute: 1 }, everybody: {} };
    await start();
    await expect(start()).rejects.toBeInstanceOf(TooManyStartsError);
  });

  it("a hundred at once at exactly the cap start as many as it holds (F40)", async () => {
    const own = deps();
    const started = await Promise.allSettled(Array.from({ length: 100 }, () => startGeneration(own, command)));
    expect(started.filter(({ status }) => status === "fulfilled")).toHaveLength(3);
    expect(await stored()).toHaveLength(3);
    expect((await committed(ACME)).mills).toBe(840);
    expect((await committed(EVERYBODY)).mills).toBe(840);
  });
});

describe("with an Idempotency-Key", () => {
  it("a replay puts nothing aside, not even when the first has long been settled", async () => {
    const { media } = await start("key");
    await start("key");
    await expectCommitted(280, [media.id]);
    await cancelGeneration(world.deps, refOf(media));
    expect((await start("key")).replayed).toBe(true);
    await expectCommitted(0, []);
  });

  it("fifty at once put one price aside", async () => {
    const own = deps();
    await Promise.all(Array.from({ length: 50 }, () => startGeneration(own, command, "key")));
    expect((await committed(ACME)).mills).toBe(280);
    expect(await stored()).toHaveLength(1);
  });

  it("of two at once of which the tenant's account refuses one, what the other has put aside stays", async () => {
    const { budget } = world.deps;
    let other: Promise<unknown> = Promise.resolve();
    // The second comes while the first is being refused; meanwhile there is room again.
    const reserve: typeof budget.reserve = async (account, reservation, limits) => {
      if ("everybody" in account) return budget.reserve(account, reservation, limits);
      other = start("key");
      await other;
      return { reason: "too_many_open", retryAfterSeconds: 30 };
    };
    const refused = startGeneration({ ...deps(), budget: { ...budget, reserve } }, command, "key");
    await expect(refused).rejects.toBeInstanceOf(TooManyStartsError);
    await other;
    await expectCommitted(280, ["media-1"]);
    expect(await stored()).toHaveLength(1);
  });

  it("one that was refused may be tried again, with all of its time before it", async () => {
    world.deps.limits.tenant = { capMills: 100 };
    await expect(start("key")).rejects.toBeInstanceOf(OverBudgetError);
    world.clock.advance(86_400);
    world.deps.limits.tenant = { capMills: CAP_MILLS };
    const { media } = await start("key");
    expect(await stored()).toMatchObject([{ id: media.id, deadlineAt: instant(world.clock.now() + 3_600_000) }]);
    await expectCommitted(280, [media.id]);
  });
});

describe("a tenant's day and a user's month", () => {
  const startAs = (uploadedBy: string) => startGeneration(deps(), { ...command, uploadedBy });
  beforeEach(() => {
    world.deps.limits = { tenant: {}, tenantDay: { capMills: 600 }, user: { capMills: 300 }, everybody: {} };
  });

  it("hold what each of them may commit, and say which of them is spent and when it renews", async () => {
    await startAs("ada");
    await expect(startAs("ada")).rejects.toMatchObject({
      message: "This video costs $0.28, and $0.02 of your own budget for this month is left. It renews on 2026-02-01.",
      details: [{ path: "USER_MONTHLY_CAP_USD", leftUsd: 0.02, renewsAt: "2026-02-01T00:00:00.000Z" }],
    });
    await startAs("bob");
    const tomorrow = renewalOf(periodOf({ tenantId: "acme", day: true }, world.clock.now()));
    await expect(startAs("eve")).rejects.toMatchObject({
      message: `This video costs $0.28, and $0.04 of today's budget is left. It renews on ${tomorrow.slice(0, 10)}.`,
      details: [{ path: "DAILY_CAP_USD", leftUsd: 0.04, renewsAt: tomorrow }],
    });
    // What the user's account refused was given back to the day, and what the day refused, to all before it.
    expect((await world.budget.standing({ tenantId: "acme", day: true })).committedMills).toBe(560);
    world.clock.advance(86_400);
    await startAs("eve");
    await expect(startAs("ada")).rejects.toMatchObject({ code: "over_budget" });
  });

  it("are settled though their caps were lifted meanwhile, and owe nothing where they were set meanwhile", async () => {
    const { media } = await startAs("ada");
    world.deps.limits = { tenant: { capMills: CAP_MILLS }, everybody: {} };
    await failGeneration(world.deps, refOf(media), "not_submitted");
    for (const account of [{ tenantId: "acme", day: true } as const, { tenantId: "acme", userId: "ada" }]) {
      expect(await world.budget.standing(account)).toMatchObject({ committedMills: 0, open: 0 });
    }
    expect(await committed(ACME)).toEqual({ mills: 0, open: [] });
    const stays = await startAs("ada");
    world.deps.limits = { tenant: {}, tenantDay: { capMills: 0 }, user: { capMills: 0 }, everybody: {} };
    await submitGeneration(world.deps, refOf(stays.media));
    world.kling.status = { status: "COMPLETED" };
    await finalizeGeneration(world.deps, refOf(stays.media));
    expect(await committed(ACME)).toEqual({ mills: 280, open: [] });
  });

  it("give back what is left over from a day and a month that have passed without touching the new ones", async () => {
    const { media } = await startAs("ada");
    world.clock.advance(40 * 86_400);
    await startAs("ada");
    await failGeneration(world.deps, refOf(media), "not_submitted");
    for (const account of [{ tenantId: "acme", day: true } as const, { tenantId: "acme", userId: "ada" }]) {
      expect(await world.budget.standing(account)).toMatchObject({ committedMills: 280, open: 1 });
    }
  });

  it("free what a start has left that found its record saved without them", async () => {
    const reservation = { id: "media-1", mediaId: "media-1", tenantId: "acme", spaceId: "holiday", mills: 280 };
    const at = world.clock.now();
    world.deps.limits = { tenant: { capMills: CAP_MILLS }, everybody: {} };
    await start();
    await world.budget.reserve({ tenantId: "acme", day: true }, { ...reservation, at }, { capMills: 600 });
    world.clock.advance(900);
    await sweepGenerations(world.deps, { all: false });
    expect(await world.budget.open({ tenantId: "acme", day: true })).toEqual([]);
    expect(await world.budget.open(ACME)).toHaveLength(1);
  });
});

it("a record of a version that named no accounts is settled with those it knew, everybody's own item among them", async () => {
  const keyBudget = { keyId: "5f2a9c01d3e4b5a6c7d8", monthlyCapMills: 600 };
  const { client, table } = world.dynamo;
  world.deps.limits = { tenant: { capMills: CAP_MILLS }, everybody: {} };
  const { media } = await startGeneration(deps(), { ...command, keyBudget });
  await client.send(
    new UpdateItemCommand({ TableName: table, Key: itemKey(media), UpdateExpression: "REMOVE reservedWith" }),
  );
  // As the version before has left everybody's account.
  const at = world.clock.now();
  const period = periodOf(EVERYBODY, at);
  const entry = { mediaId: media.id, tenantId: "acme", spaceId: "holiday", mills: 280, period, at };
  const item = { pk: "BUDGET", sk: "BUDGET", period, monthCommitted: 280 + 300, open: { [media.id]: entry } };
  await client.send(new PutItemCommand({ TableName: table, Item: marshall(item) }));

  world.deps.limits = { tenant: {}, everybody: { capMills: CAP_MILLS } };
  const { media: second } = await start();
  expect(await world.budget.standing(EVERYBODY)).toMatchObject({ committedMills: 860, reservedMills: 560, open: 2 });
  await expect(start()).rejects.toMatchObject({ details: [{ path: "GLOBAL_MONTHLY_CAP_USD" }] });
  for (const one of [media, second]) await failGeneration(world.deps, refOf(one), "not_submitted");
  expect(await world.budget.standing(EVERYBODY)).toMatchObject({ committedMills: 300, reservedMills: 0, open: 0 });
  expect(await world.budget.open({ keyId: keyBudget.keyId })).toEqual([]);
  await start();
  await start();
  await expect(start()).rejects.toMatchObject({ code: "over_budget" });
});
function itemKey(media: Media) {
  const { pk, sk } = mediaKey(refOf(media));
  return { pk: { S: pk }, sk: { S: sk } };
}

describe("a key with a cap of its own", () => {
  const keyBudget = { keyId: "5f2a9c01d3e4b5a6c7d8", monthlyCapMills: 600 };
  const withKey = () => startGeneration(deps(), { ...command, tenantId: "acme", keyBudget });

  it("may commit that and no more, and what it was refused is given back to its tenant and to all", async () => {
    for (let n = 0; n < 2; n++) await withKey();
    await expect(withKey()).rejects.toMatchObject({ code: "over_budget", leftUsd: 0.04 });
    await expectCommitted(560, ["media-1", "media-2"]);
    // The tenant's other callers have what is the tenant's.
    await start();
    await expectCommitted(840, ["media-1", "media-2", "media-4"]);
  });

  it("holds where nothing else is limited", async () => {
    world.deps.limits = { tenant: {}, everybody: {} };
    for (let n = 0; n < 2; n++) await withKey();
    await expect(withKey()).rejects.toMatchObject({ code: "over_budget" });
    expect(await stored()).toHaveLength(2);
  });

  it("gets back what was not delivered, and has spent what was", async () => {
    const left = async () => (await quotaOf(world.deps, { tenantId: "acme", userId: "ada", keyBudget })).keyMonth;
    const { media } = await withKey();
    expect(await left()).toMatchObject({ capUsd: 0.6, reservedUsd: 0.28, spentUsd: 0, leftUsd: 0.32 });
    await failGeneration(world.deps, refOf(media), "not_submitted");
    expect(await left()).toMatchObject({ reservedUsd: 0, spentUsd: 0, leftUsd: 0.6 });
    const { media: delivered } = await withKey();
    await submitGeneration(world.deps, refOf(delivered));
    world.kling.status = { status: "COMPLETED" };
    await finalizeGeneration(world.deps, refOf(delivered));
    expect(await left()).toMatchObject({ reservedUsd: 0, spentUsd: 0.28, leftUsd: 0.32 });
  });

  it("is freed by the sweeper of what a start has left that died", async () => {
    const at = world.clock.now();
    const account = { keyId: keyBudget.keyId };
    const reservation = { id: "lost", mediaId: "lost", tenantId: "acme", spaceId: "holiday", mills: 280, at };
    await world.budget.reserve(account, reservation, { capMills: 600 });
    world.clock.advance(16 * 60);
    await sweepGenerations(world.deps, { all: false });
    expect(await world.budget.open(account)).toEqual([]);
  });
});

describe("at the end", () => {
  it("a delivered video is spent", async () => {
    const { media } = await start();
    await submitGeneration(world.deps, refOf(media));
    world.kling.status = { status: "COMPLETED" };
    await finalizeGeneration(world.deps, refOf(media));
    expect(await stored()).toMatchObject([{ phase: "completed" }]);
    expect((await stored())[0]).not.toHaveProperty("reservation");
    await expectCommitted(280, []);
  });

  it.each([
    ["refused before the submit", "not_submitted", "queued"],
    ["in doubt for too long", "submit_outcome_unknown", "submitting"],
    ["not delivered", "delivery_failed", "finalizing"],
  ] as const)("what was %s is given back", async (_, code, phase) => {
    const { media } = await start();
    if (phase !== "queued") await world.records.move(refOf(media), "claim", { attempt: 1 });
    if (phase === "finalizing") {
      await world.records.move(refOf(media), "accept", { requestId: "r1" });
      await world.records.move(refOf(media), "start finalizing", {});
    }
    await failGeneration(world.deps, refOf(media), code);
    await expectCommitted(0, []);
    // Again is the same as once.
    await failGeneration(world.deps, refOf(media), code);
    await expectCommitted(0, []);
  });

  it("what could not be settled is settled by the sweeper, once", async () => {
    const { media } = await start();
    const { budget } = world.deps;
    world.deps.budget = { ...budget, settle: () => Promise.reject(new Error("throttled")) };
    await cancelGeneration(world.deps, refOf(media));
    expect((await stored())[0]).toMatchObject({ phase: "canceled", reservation: media.id });
    await expectCommitted(280, [media.id]);
    world.deps.budget = budget;
    world.clock.advance(3600);
    for (let n = 0; n < 2; n++) await sweepGenerations(world.deps, { all: false });
    await expectCommitted(0, []);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("what was deleted before it was settled is settled for what it was", async () => {
    const { media } = await start();
    await submitGeneration(world.deps, refOf(media));
    world.kling.status = { status: "COMPLETED" };
    const { budget } = world.deps;
    world.deps.budget = { ...budget, settle: () => Promise.reject(new Error("throttled")) };
    await finalizeGeneration(world.deps, refOf(media));
    await deleteMedia(world.deps, refOf(media));
    world.deps.budget = budget;
    world.clock.advance(3600);
    await sweepGenerations(world.deps, { all: false });
    await expectCommitted(280, []);
    expect(await world.records.get(refOf(media))).toMatchObject({ phase: "deleted", context: "" });
  });
});

describe("a redrive", () => {
  async function lost() {
    const { media } = await start();
    await world.records.move(refOf(media), "claim", { attempt: 1 });
    await world.records.move(refOf(media), "accept", { requestId: "r1" });
    await failGeneration(world.deps, refOf(media), "delivery_failed");
    return media;
  }

  it("puts the price aside again, and spends it when it delivers", async () => {
    const media = await lost();
    await expectCommitted(0, []);
    await redriveGeneration(world.deps, media.id);
    await expectCommitted(280, [`${media.id}-r1`]);
    world.kling.status = { status: "COMPLETED" };
    await finalizeGeneration(world.deps, refOf(media));
    expect(await stored()).toMatchObject([{ phase: "completed" }]);
    await expectCommitted(280, []);
  });

  it("is refused where the tenant's month does not hold it any more", async () => {
    const media = await lost();
    world.deps.limits.tenant = { capMills: 0 };
    await expect(redriveGeneration(world.deps, media.id)).rejects.toBeInstanceOf(OverBudgetError);
    expect(await stored()).toMatchObject([{ phase: "failed" }]);
    await expectCommitted(0, []);
  });

  it("is not settled by a process that still settles the failure", async () => {
    const media = await lost();
    await redriveGeneration(world.deps, media.id);
    await world.budget.settle(ACME, media.id, "refunded");
    await expectCommitted(280, [`${media.id}-r1`]);
  });
});

describe("a start that dies on the way", () => {
  it("leaves a price put aside that the sweeper frees after a quarter of an hour", async () => {
    const killed = () => Promise.reject(new Error("killed"));
    const records = { ...world.records, create: killed };
    const dying = { ...deps(), records, budget: { ...world.deps.budget, withdraw: killed } };
    await expect(startGeneration(dying, command)).rejects.toThrow("killed");
    world.clock.advance(899);
    await sweepGenerations(world.deps, { all: false });
    await expectCommitted(280, ["media-1"]);
    world.clock.advance(1);
    await sweepGenerations(world.deps, { all: false });
    await expectCommitted(0, []);
  });

  it("keeps it when its replay comes after all, and so does whatever is being made", async () => {
    const dying = { ...deps(), records: { ...world.records, create: () => Promise.reject(new Error("killed")) } };
    await expect(startGeneration(dying, command, "key")).rejects.toThrow("killed");
    world.clock.advance(899);
    await start("key");
    for (let n = 0; n < 3; n++) {
      world.clock.advance(900);
      await sweepGenerations(world.deps, { all: false });
    }
    await expectCommitted(280, ["media-1"]);
  });

  it("keeps it while it is under way, though its clock and the sweeper's be wrong by five minutes each", async () => {
    const { create } = world.records;
    const meanwhile = async () => {
      world.clock.advance(630);
      await sweepGenerations(world.deps, { all: false });
      world.clock.advance(-630);
    };
    const records = { ...world.records, create: (media: Media) => meanwhile().then(() => create(media)) };
    const { media } = await startGeneration({ ...deps(), records }, command);
    await expectCommitted(280, [media.id]);
  });

  it("after the deployment's account alone is freed there", async () => {
    const { budget } = world.deps;
    const reserve: typeof budget.reserve = (account, ...rest) =>
      "everybody" in account ? budget.reserve(account, ...rest) : Promise.reject(new Error("killed"));
    const withdraw = () => Promise.reject(new Error("killed"));
    const dying = { ...deps(), budget: { ...budget, reserve, withdraw } };
    await expect(startGeneration(dying, command)).rejects.toThrow("killed");
    expect((await committed(EVERYBODY)).mills).toBe(280);
    world.clock.advance(900);
    await sweepGenerations(world.deps, { all: false });
    await expectCommitted(0, []);
  });
});

describe("a start that is answered with an error", () => {
  const busy = () => Promise.reject(new Error("ProvisionedThroughputExceeded"));

  it("holds no money: neither where its record could not be saved", async () => {
    const records = { ...world.records, create: busy };
    await expect(startGeneration({ ...deps(), records }, command)).rejects.toThrow("Throughput");
    await expectCommitted(0, []);
    expect((await committed(EVERYBODY)).mills).toBe(0);
  });

  it("nor where the second account could not be asked", async () => {
    const { budget } = world.deps;
    const reserve: typeof budget.reserve = (account, ...rest) =>
      "everybody" in account ? budget.reserve(account, ...rest) : busy();
    await expect(startGeneration({ ...deps(), budget: { ...budget, reserve } }, command)).rejects.toThrow("Throughput");
    expect((await committed(EVERYBODY)).mills).toBe(0);
  });

  it("is none where its record was saved and only the answer was lost", async () => {
    const create = (media: Media) => world.records.create(media).then(busy);
    const { media } = await startGeneration({ ...deps(), records: { ...world.records, create } }, command);
    await expectCommitted(280, [media.id]);
  });

  it("puts its price aside anew with the submit when its record arrives after all", async () => {
    let arrives = () => Promise.resolve();
    const create = (media: Media) => {
      arrives = () => world.records.create(media);
      return busy();
    };
    await expect(startGeneration({ ...deps(), records: { ...world.records, create } }, command)).rejects.toThrow();
    await arrives();
    const [saved] = await stored();
    if (!saved) throw new Error("not saved");
    await submitGeneration(deps(), refOf(saved));
    await expectCommitted(280, [saved.id]);
    expect(world.kling.posts).toHaveLength(1);
  });

  it("is not submitted when its price is not there any more", async () => {
    await start();
    const [saved] = await stored();
    if (!saved) throw new Error("not saved");
    for (const account of saved.reservedWith ?? []) await world.budget.settle(account, saved.id, "refunded");
    const limits = { tenant: world.deps.limits.tenant, everybody: { capMills: 1 } };
    await submitGeneration({ ...deps(), limits }, refOf(saved));
    expect((await stored())[0]).toMatchObject({ phase: "failed", error: { code: "over_budget" } });
    expect(world.kling.posts).toEqual([]);
  });
});

describe("the kill switch", () => {
  it.each([[{ tenant: {}, everybody: {} }], [{ tenant: {}, everybody: { capMills: CAP_MILLS } }]])(
    "stops every start, with the limits %o",
    async (limits) => {
      world.deps.limits = limits;
      await world.budget.stop(true);
      await expect(start()).rejects.toBeInstanceOf(StartsStoppedError);
      expect(await stored()).toEqual([]);
      await world.budget.stop(false);
      await start();
      expect(await stored()).toHaveLength(1);
    },
  );

  it("stops a start that died on the way and is asked for again", async () => {
    const dying = { ...deps(), records: { ...world.records, create: () => Promise.reject(new Error("killed")) } };
    await expect(startGeneration(dying, command, "key")).rejects.toThrow("killed");
    await world.budget.stop(true);
    await expect(start("key")).rejects.toBeInstanceOf(StartsStoppedError);
    expect(await stored()).toEqual([]);
    await world.budget.stop(false);
    await start("key");
    await expectCommitted(280, ["media-1"]);
  });

  it("stops every submit before its claim, even one that was being prepared, and lets it go on later", async () => {
    const { media } = await start();
    await world.budget.stop(true);
    expect(await submitGeneration(world.deps, refOf(media))).toEqual({ next: "wait" });
    await world.budget.stop(false);
    const preparing = {
      ...world.deps,
      prompts: {
        enhance: async (words: string) => {
          await world.budget.stop(true);
          return words;
        },
      },
    };
    expect(await submitGeneration(preparing, refOf(media))).toEqual({ next: "wait" });
    expect(world.kling.posts).toEqual([]);
    expect(await stored()).toMatchObject([{ phase: "queued", attempt: 0 }]);
    await world.budget.stop(false);
    await submitGeneration(world.deps, refOf(media));
    expect(world.kling.posts).toHaveLength(1);
  });

  it("lets what fal has go on, and a replay have its answer", async () => {
    const { media } = await start("key");
    await submitGeneration(world.deps, refOf(media));
    await world.budget.stop(true);
    expect(await start("key")).toEqual({ media, replayed: true });
    world.kling.status = { status: "COMPLETED" };
    await finalizeGeneration(world.deps, refOf(media));
    expect(await stored()).toMatchObject([{ phase: "completed" }]);
    await world.budget.stop(false);
    await expectCommitted(280, []);
  });

  it("flipped in the middle of a burst lets nothing through that begins after it (F41)", async () => {
    const own = deps();
    const burst = Promise.allSettled(
      Array.from({ length: 50 }, (_, n) => startGeneration(own, { ...command, tenantId: `t${n}` })),
    );
    await world.budget.stop(true);
    const after = await Promise.allSettled(Array.from({ length: 50 }, () => startGeneration(own, command)));
    await burst;
    expect(after.filter(({ status }) => status === "fulfilled")).toEqual([]);
    expect(await stored()).toEqual([]);
    for (const media of (await world.records.due("9999", 100)).values()) {
      expect(await submitGeneration(world.deps, media)).toEqual({ next: "wait" });
    }
    expect(world.kling.posts).toEqual([]);
  });
});
