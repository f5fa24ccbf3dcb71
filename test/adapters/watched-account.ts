// The deployment's account, whose figures are held against each other after every single write: what is lent, and what is spent.
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import type { Account } from "../../shared/media/account.ts";
import type { AccountLimits } from "../../shared/media/ports.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";

export const EVERYBODY: Account = { everybody: true };

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
export async function watched(capOf: () => number) {
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
