// What a tenant is told of its budget: exactly what its next start is held to, and nothing of another tenant's.
import { beforeEach, expect, it } from "vitest";
import { quotaOf } from "../../shared/money/quota.ts";
import type { SpendingLimits } from "../../shared/money/budget.ts";
import { offeredRows } from "../../shared/kling/catalogue.ts";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { refOf } from "../../shared/media/media.ts";
import { startGeneration } from "../../shared/generation/start.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const LIMITS: SpendingLimits = {
  tenant: { capMills: 1000, maxOpen: 2, startsPerMinute: 3 },
  everybody: { capMills: 2000 },
};
const START_OF_FEBRUARY = "2026-02-01T00:00:00.000Z";

let world: MediaWorld;
let ids: number;
beforeEach(async () => {
  world = await mediaWorld();
  world.deps.limits = LIMITS;
  ids = 0;
});
const start = async (tenantId = "acme") => {
  const { media } = await startGeneration(
    { ...world.deps, newId: () => `media-${++ids}` },
    {
      tenantId,
      spaceId: "holiday",
      uploadedBy: "ada",
      context: "The waves roll in.",
      image: { link: "https://pictures.example/beach.jpg" },
      generationMode: "standard",
      duration: "5",
    },
  );
  return media;
};
const allowance = (tenantId = "acme") => quotaOf(world.deps, { tenantId, userId: "ada" });

it("is all of it before the first start", async () => {
  expect(await allowance()).toEqual({
    startsStopped: false,
    month: { capUsd: 1, spentUsd: 0, reservedUsd: 0, leftUsd: 1, renewsAt: START_OF_FEBRUARY },
    openGenerations: { open: 0, limit: 2 },
    starts: { left: 3, limit: 3, renewsAt: expect.stringMatching(/:00\.000Z$/) },
  });
});

it("is less by what is put aside, and more again when it is given back", async () => {
  const first = await start();
  await start();
  expect(await allowance()).toMatchObject({
    month: { spentUsd: 0, reservedUsd: 0.56, leftUsd: 0.44 },
    openGenerations: { open: 2 },
    starts: { left: 1 },
  });
  await expect(start()).rejects.toMatchObject({ code: "too_many_open" });
  await cancelGeneration(world.deps, refOf(first));
  expect(await allowance()).toMatchObject({
    month: { spentUsd: 0, reservedUsd: 0.28, leftUsd: 0.72 },
    openGenerations: { open: 1 },
  });
});

it("counts as spent what was delivered", async () => {
  const { id } = await start();
  await world.budget.settle({ tenantId: "acme" }, id, "spent");
  expect(await allowance()).toMatchObject({
    month: { spentUsd: 0.28, reservedUsd: 0, leftUsd: 0.72 },
    openGenerations: { open: 0 },
  });
});

it("has the day of the tenant and the month of the user that asks, where these have caps", async () => {
  world.deps.limits = { tenant: {}, tenantDay: { capMills: 500 }, user: { capMills: 700 }, everybody: {} };
  await start();
  const left = { spentUsd: 0, reservedUsd: 0.28 };
  expect(await allowance()).toEqual({
    startsStopped: false,
    day: { ...left, capUsd: 0.5, leftUsd: 0.22, renewsAt: expect.stringMatching(/^2026-01-\d\dT00:00:00.000Z$/) },
    userMonth: { ...left, capUsd: 0.7, leftUsd: 0.42, renewsAt: START_OF_FEBRUARY },
  });
  expect(await quotaOf(world.deps, { tenantId: "acme", userId: "bob" })).toMatchObject({
    day: { leftUsd: 0.22 },
    userMonth: { leftUsd: 0.7 },
  });
});

it("is a tenant's own", async () => {
  const before = await allowance("other");
  await start("acme");
  expect(await allowance("other")).toEqual(before);
});

it("has only what is limited", async () => {
  await start();
  world.deps.limits = { tenant: {}, everybody: {} };
  expect(await allowance()).toEqual({ startsStopped: false });
  world.deps.limits = { tenant: { maxOpen: 5 }, everybody: {} };
  expect(await allowance()).toEqual({ startsStopped: false, openGenerations: { open: 1, limit: 5 } });
});

it("counts as spent up what is less than the cheapest video of those on offer", async () => {
  world.deps.limits = { tenant: {}, everybody: { capMills: 489 } };
  await start();
  world.deps.limits.everybody = { capMills: 280 + 300 };
  expect(await allowance()).toEqual({ startsStopped: false });
  const offered = offeredRows(["kling-2.1/master"]);
  expect(await quotaOf({ ...world.deps, offered }, { tenantId: "acme", userId: "ada" })).toEqual({
    startsStopped: true,
  });
});

it("says that starts are stopped, by the switch or by the deployment's cap, and not which", async () => {
  await world.budget.stop(true);
  const stopped = await allowance();
  expect(stopped.startsStopped).toBe(true);
  world.deps.limits = { tenant: {}, everybody: {} };
  expect(await allowance()).toEqual({ startsStopped: true });
  await world.budget.stop(false);
  // One video of $0.28 fits into what all have; what is left is less than the cheapest of $0.21.
  world.deps.limits = { tenant: LIMITS.tenant, everybody: { capMills: 489 } };
  expect(await allowance()).toMatchObject({ startsStopped: false });
  await start("other");
  expect(await allowance()).toEqual({ ...stopped, starts: expect.anything() });
  await expect(start()).rejects.toMatchObject({ code: "over_budget", leftUsd: undefined });
});
