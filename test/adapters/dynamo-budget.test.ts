// The accounts on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names; and what they hold after every single write.
import { GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import type { Account } from "../../shared/media/account.ts";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { budgetContract } from "./budget.contract.ts";

describe("the accounts on dynalite", () => budgetContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the accounts on ${endpoint}`, () => budgetContract(() => dynamoDbAt(endpoint ?? "")));

it("holds a thousand open generations of an account and not one more, where no other limit is set", async () => {
  const { client, table } = await inMemoryDynamoDb();
  const clock = new ManualClock();
  const budget = createDynamoBudget({ client, table, clock });
  const acme: Account = { tenantId: "acme" };
  const reserve = (id: string) =>
    budget.reserve(acme, { id, mediaId: id, tenantId: "acme", spaceId: "s", mills: 1, at: clock.now() }, {});
  await reserve("first");
  const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: ACME_KEY }));
  const [entry] = Object.values(Item?.["open"]?.M ?? {});
  if (!entry) throw new Error("The first is not there.");
  const open = { M: Object.fromEntries(Array.from({ length: 999 }, (_, n) => [`m${n}`, entry])) };
  await client.send(new PutItemCommand({ TableName: table, Item: { ...Item, open } }));
  expect(await reserve("the thousandth")).toEqual({ account: acme });
  expect(await reserve("one more")).toMatchObject({ reason: "too_many_open" });
});
const ACME_KEY = { pk: { S: "TENANT#acme#BUDGET" }, sk: { S: "BUDGET" } };

const CAP_MILLS = 100_000;
const PRICES = [280, 490, 560, 980, 1400, 2800];
const amount = z.object({ N: z.coerce.number().int() }).transform(({ N }) => N);
/** An account as DynamoDB's own JSON has it. */
const item = z.object({
  monthCommitted: amount,
  open: z.object({ M: z.record(z.string(), z.object({ M: z.object({ mills: amount }) })) }).transform(({ M }) => M),
});

/** A small generator with a seed (mulberry32), so that a failure can be run again. */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

it.each([1])(
  "a thousand random starts at once never exceed the cap, after any write (seed %i)",
  { timeout: 60_000 },
  async (seed) => {
    let writes = 0;
    let highest = 0;
    let last = { monthCommitted: 0, inOpen: 0 };
    // Every write tells what it has left behind: no instant is unseen.
    const { client, table } = await inMemoryDynamoDb({
      seen: (written) => {
        const { monthCommitted, open } = item.parse(written);
        const inOpen = Object.values(open).reduce((sum, { M }) => sum + M.mills, 0);
        if (monthCommitted > CAP_MILLS || monthCommitted < inOpen)
          throw new Error(`${monthCommitted} with ${inOpen} open`);
        last = { monthCommitted, inOpen };
        highest = Math.max(highest, monthCommitted);
        writes++;
      },
    });
    const budget = createDynamoBudget({ client, table, clock: new ManualClock() });
    const account: Account = { tenantId: "acme" };
    const next = random(seed);

    let spent = 0;
    let refused = 0;
    await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        const mills = PRICES[Math.floor(next() * PRICES.length)] ?? 280;
        const outcome = next() < 0.3 ? ("spent" as const) : ("refunded" as const);
        const reservation = { id: `m${n}`, mediaId: `m${n}`, tenantId: "acme", spaceId: "s", mills, at: 0 };
        const refusal = await budget.reserve(account, reservation, { capMills: CAP_MILLS });
        if (refusal.reason !== undefined) return void refused++;
        // Twice, as the steps that end a generation may: the second time changes nothing.
        const settled = await Promise.all([
          budget.settle(account, reservation.id, outcome),
          budget.settle(account, reservation.id, outcome),
        ]);
        expect(settled.filter(Boolean)).toHaveLength(1);
        if (outcome === "spent") spent += mills;
      }),
    );
    expect(last).toEqual({ monthCommitted: spent, inOpen: 0 });
    // The cap was really reached: something was refused, and little was left.
    expect(refused).toBeGreaterThan(0);
    expect(highest).toBeGreaterThan(CAP_MILLS - Math.max(...PRICES));
    // One for each reservation that was made, and one for its end.
    expect(writes).toBe(2 * (1000 - refused));
  },
);
