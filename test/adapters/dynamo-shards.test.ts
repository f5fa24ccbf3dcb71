// Everybody's account in shards: what is lent and what is spent, after every single write, and everything that fits goes through.
import { describe, expect, it } from "vitest";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import { EVERYBODYS_SHARDS } from "../../shared/adapters/dynamo-shards.ts";
import type { Account } from "../../shared/media/account.ts";
import type { AccountLimits } from "../../shared/media/ports.ts";
import { mulberry32 } from "../../stacks/fal-simulator/random.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";

const EVERYBODY: Account = { everybody: true };

/** What an item of the account holds, as far as its figures go. */
interface Figures {
  pk: string;
  period: string;
  monthCommitted: number;
  room: number;
  borrowed: number;
  returned: number;
  open: Record<string, { mills: number; period: string }>;
}

/** An account whose figures are held against each other after each write to it, by month. */
async function watched(capOf: () => number) {
  const items = new Map<string, Figures>();
  const { client, table } = await inMemoryDynamoDb({
    seen: (written) => {
      const item = unmarshall(written as Parameters<typeof unmarshall>[0]) as Figures;
      items.set(item.pk, item);
      const shards = [...items.values()].filter(({ pk }) => pk !== "BUDGET");
      for (const { pk, room, returned, borrowed } of shards) {
        if (room < 0 || returned < 0 || borrowed < returned + room) throw new Error(`${pk} has ${room} of ${borrowed}`);
      }
      const everybody = items.get("BUDGET");
      if (!everybody) return;
      const spent = shards
        .filter(({ period }) => period === everybody.period)
        .reduce((sum, { borrowed, returned, room }) => sum + borrowed - returned - room, 0);
      if (spent > everybody.monthCommitted) throw new Error(`${spent} spent of ${everybody.monthCommitted} lent`);
      if (spent > capOf()) throw new Error(`${spent} spent of a cap of ${capOf()}`);
    },
  });
  const clock = new ManualClock("2026-01-31T23:00:00.000Z");
  const budget = createDynamoBudget({ client, table, clock });
  const reserve = async (id: string, mills: number, limits: AccountLimits) => {
    const reservation = { id, mediaId: id, tenantId: "acme", spaceId: "s", mills, at: clock.now() };
    return budget.reserve(EVERYBODY, reservation, limits);
  };
  return { budget, clock, items, reserve };
}

describe("everybody's account in shards", () => {
  it.each([
    [37 * 280, 280, 37],
    [1000, 280, 3],
  ])(
    "of 200 at once a cap of %i lets prices of %i through %i times, and again when they are refunded",
    { timeout: 120_000 },
    async (capMills, mills, fits) => {
      const { budget, reserve } = await watched(() => capMills);
      for (let round = 0; round < 2; round++) {
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, n) => reserve(`r${round}-${n}`, mills, { capMills })),
        );
        const taken = answers.flatMap((it, n) =>
          it.reason === undefined ? [{ id: `r${round}-${n}`, account: it.account }] : [],
        );
        expect(taken).toHaveLength(fits);
        expect(answers.filter((it) => it.reason === "over_budget")).toHaveLength(200 - fits);
        expect((await budget.standing(EVERYBODY)).committedMills).toBe(fits * mills);
        for (const { id, account } of taken) expect(await budget.settle(account, id, "refunded")).toBe(true);
        expect(await budget.standing(EVERYBODY)).toMatchObject({ committedMills: 0, reservedMills: 0, open: 0 });
      }
    },
  );

  it("gives one price what lies idle in all its shards", async () => {
    const { budget, reserve } = await watched(() => 2800);
    for (let n = 0; n < 10; n++) await reserve(`m${n}`, 280, { capMills: 2800 });
    expect(await reserve("more", 280, { capMills: 2800 })).toMatchObject({ reason: "over_budget", leftMills: 0 });
    for (let n = 0; n < 10; n++) {
      for (const shard of EVERYBODYS_SHARDS) await budget.settle(shard, `m${n}`, "refunded");
    }
    expect(await reserve("all of it", 2800, { capMills: 2800 })).toHaveProperty("account");
  });

  it("is held to a cap that is lowered, whatever its shards have borrowed before", async () => {
    let capMills = 100_000;
    const { budget, reserve } = await watched(() => capMills);
    for (let n = 0; n < 20; n++) await reserve(`m${n}`, 280, { capMills });
    for (let n = 0; n < 20; n++) for (const shard of EVERYBODYS_SHARDS) await budget.settle(shard, `m${n}`, "refunded");
    capMills = 600;
    const answers = [];
    for (let n = 0; n < 20; n++) answers.push(await reserve(`n${n}`, 280, { capMills }));
    expect(answers.filter(({ reason }) => reason === undefined)).toHaveLength(2);
    capMills = 1000;
    expect(await reserve("third", 280, { capMills })).toHaveProperty("account");
    expect(await reserve("fourth", 280, { capMills })).toMatchObject({ reason: "over_budget", leftMills: 160 });
  });

  it("begins anew with the month, with something open in the one before", async () => {
    const { budget, clock, reserve } = await watched(() => 900);
    const january = await Promise.all(["a", "b", "c"].map((id) => reserve(id, 280, { capMills: 900 })));
    clock.advance(3600);
    for (const id of ["d", "e", "f"]) expect(await reserve(id, 280, { capMills: 900 })).toHaveProperty("account");
    for (const [n, id] of ["a", "b", "c"].entries()) {
      const account = january[n]?.reason === undefined ? january[n]?.account : undefined;
      expect(account && (await budget.settle(account, id, "refunded"))).toBe(true);
    }
    expect(await budget.standing(EVERYBODY)).toMatchObject({ period: "2026-02", committedMills: 840, open: 3 });
    expect(await reserve("g", 280, { capMills: 900 })).toMatchObject({ reason: "over_budget", leftMills: 60 });
  });

  it.each([1])(
    "random starts and ends, with the month between them, never exceed the cap (seed %i)",
    { timeout: 120_000 },
    async (seed) => {
      const capMills = 20_000;
      const { budget, clock, reserve } = await watched(() => capMills);
      const next = mulberry32(seed);
      let [spent, refused] = [0, 0];
      for (let burst = 0; burst < 12; burst++) {
        if (burst === 8) {
          clock.advance(3600);
          spent = 0;
        }
        await Promise.all(
          Array.from({ length: 25 }, async (_, n) => {
            const mills = [280, 490, 980, 2800][Math.floor(next() * 4)] ?? 280;
            const outcome = next() < 0.4 ? ("spent" as const) : ("refunded" as const);
            const answer = await reserve(`b${burst}-${n}`, mills, { capMills });
            if (answer.reason !== undefined) return void refused++;
            expect(await budget.settle(answer.account, `b${burst}-${n}`, outcome)).toBe(true);
            if (outcome === "spent") spent += mills;
          }),
        );
      }
      expect(refused).toBeGreaterThan(0);
      expect(await budget.standing(EVERYBODY)).toMatchObject({ committedMills: spent, reservedMills: 0, open: 0 });
    },
  );
});
