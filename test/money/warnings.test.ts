// Warnings before a cap is spent: announced by the sweeper, once for each cap and period, though the bus is down and starts die.
import { beforeEach, expect, it } from "vitest";
import { startGeneration, type StartCommand } from "../../shared/generation/start.ts";
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
const keyBudget = { keyId: "5f2a9c01d3e4b5a6c7d8", monthlyCapMills: 560 };

let world: MediaWorld;
let ids: number;
beforeEach(async () => {
  world = await mediaWorld();
  ids = 0;
});
const start = (wish: Partial<StartCommand> = {}) =>
  startGeneration({ ...world.deps, newId: () => `media-${++ids}` }, { ...command, ...wish });
const sweep = () => sweepGenerations(world.deps, { all: false });

it("every owner of a cap is warned of its own, and of all tenants together none is named", async () => {
  const cap = { capMills: 560 };
  world.deps.limits = { tenant: cap, tenantDay: cap, user: cap, everybody: cap, warningShare: 0.9 };
  await start({ keyBudget });
  await sweep();
  expect(world.announced).toEqual([]);
  world.clock.advance(1);
  await start({ keyBudget });
  await sweep();
  const at = new Date(world.clock.now()).toISOString();
  const [day, month] = [at.slice(0, 10), at.slice(0, 7)];
  const figures = { capUsd: 0.56, committedUsd: 0.56, share: 0.9, at, version: 1 };
  const owner = { tenantId: "acme", period: month, ...figures };
  const told = [
    { id: `budget-warning:GLOBAL_MONTHLY_CAP_USD:${month}:0.56`, scope: "everybody", period: month, ...figures },
    { id: `budget-warning:MONTHLY_CAP_USD:acme:${month}:0.56`, scope: "tenant", ...owner },
    { id: `budget-warning:DAILY_CAP_USD:acme:${day}:0.56`, scope: "tenant", ...owner, period: day },
    { id: `budget-warning:USER_MONTHLY_CAP_USD:acme:ada:${month}:0.56`, scope: "user", userId: "ada", ...owner },
    {
      id: `budget-warning:monthlyCapUsd:acme:${keyBudget.keyId}:${month}:0.56`,
      scope: "key",
      keyId: keyBudget.keyId,
      ...owner,
    },
  ].map((detail) => ({ type: "Budget Warning", detail: { cap: detail.id.split(":")[1], ...detail } }));
  expect(world.announced).toHaveLength(told.length);
  expect(world.announced).toEqual(expect.arrayContaining(told));
  world.clock.advance(600);
  await sweep();
  expect(world.announced).toHaveLength(told.length);
});

it("a warning waits for a bus that is down", async () => {
  world.deps.limits = { tenant: { capMills: 300 }, everybody: {}, warningShare: 0.8 };
  await start();
  world.bus.down = true;
  await sweep();
  world.bus.down = false;
  world.clock.advance(600);
  await sweep();
  expect(world.announced).toMatchObject([{ detail: { committedUsd: 0.28 } }]);
});

it("the start that crossed the share may die right after: the warning is written with its price", async () => {
  world.deps.limits = { tenant: { capMills: 300 }, everybody: {}, warningShare: 0.8 };
  const killed = () => Promise.reject(new Error("killed"));
  world.deps.records = { ...world.records, create: killed };
  world.deps.budget = { ...world.budget, withdraw: killed };
  await expect(start()).rejects.toThrow("killed");
  await sweep();
  expect(world.announced).toMatchObject([{ detail: { scope: "tenant", committedUsd: 0.28 } }]);
});
