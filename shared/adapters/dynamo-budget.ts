// The accounts in DynamoDB, beside the records: one item each, every change of it one conditional update.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, paginateQuery, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { endOfMinute, leftOf, periodOf, renewalOf } from "../money/budget.ts";
import type { Account } from "../media/account.ts";
import type { AccountLimits, AccountStanding, Budget, Clock, Refusal, Reservation } from "../media/ports.ts";
import {
  accountItem,
  accountOf,
  askAgain,
  commitMills,
  currentPeriod,
  keyOf,
  MAX_OPEN,
  SWEEP_SHARD,
  takeOut,
  type AccountItem,
} from "./account-item.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { createShards, EVERYBODYS_SHARDS } from "./dynamo-shards.ts";
import { UpdateExpression } from "./update-expression.ts";

export interface DynamoBudgetOptions {
  client: DynamoDBClient;
  table: string;
  clock: Clock;
}

/** Ends of generations cannot be foreseen; the shortest take about a minute. */
const TOO_MANY_OPEN_RETRY_SECONDS = 30;

/** Another process's write comes between two of ours a few times at most: at the first start, and when a month or a minute begins. */
const TRIES = 10;

/** The port `Budget` over the table of the records (keys and index: stacks/blueprint/tables.ts). */
export function createDynamoBudget({ client, table, clock }: DynamoBudgetOptions): Budget {
  const db = documentClient(client);
  const shards = createShards({ db, table, clock });

  async function read(account: Account): Promise<AccountItem | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName: table, Key: keyOf(account), ConsistentRead: true }));
    return Item && accountItem.parse(Item);
  }

  /** @returns whether the condition held */
  async function update(account: Account, change: UpdateExpression): Promise<boolean> {
    const command = { TableName: table, Key: keyOf(account), ...change.build() };
    return (await ignoreConflict(db.send(new UpdateCommand(command)))) !== undefined;
  }

  /** @returns whether there was such a reservation */
  async function end(account: Account, outcome: "spent" | "refunded", id: string, ending: Ending): Promise<boolean> {
    if (outcome === "spent") return update(account, ending());
    const refunded = await update(account, refund(account, ending(), id));
    // What was committed in a month that has passed is no part of this one's sum.
    return refunded || update(account, ending());
  }

  return {
    async reserve(account, reservation, limits) {
      if ("everybody" in account) return shards.reserve(reservation, limits);
      // An account that is in use is as expected: one write, and nothing is read before it.
      const now = clock.now();
      let seen: AccountItem | undefined = { period: periodOf(account, now), minute: minuteOf(now), ...UNTOUCHED };
      for (let tried = 1; tried <= TRIES; tried++) {
        const known = seen?.open[reservation.id];
        if (known) {
          if (seen?.stopped) return { reason: "stopped" };
          if (await update(account, askAgain(reservation))) return { account };
        } else {
          const refusal = tried === 1 ? undefined : judge(account, seen, reservation, limits, clock.now());
          if (refusal) return refusal;
          if (await update(account, commit(account, seen, reservation, limits, clock.now()))) return { account };
        }
        seen = await read(account);
      }
      return { reason: "rate_limited", retryAfterSeconds: 1 };
    },

    settle: (account, id, outcome, at) => end(account, outcome, id, () => takeOut(id, at)),

    async withdraw(account, { id, at }) {
      // Whose answer was lost may hold it in any shard.
      const accounts = isWhole(account) ? EVERYBODYS_SHARDS : [account];
      for (const one of accounts) {
        await end(one, "refunded", id, () => takeOut(id, at).requireAbsent(["open", id, "askedAgain"]));
      }
    },

    async holds(account, id) {
      const names = { "#open": "open", "#id": id };
      const { Item } = await db.send(
        new GetCommand({
          TableName: table,
          Key: keyOf(account),
          ConsistentRead: true,
          ProjectionExpression: "#open.#id.mills",
          ExpressionAttributeNames: names,
        }),
      );
      return Item?.["open"] !== undefined;
    },

    async standing(account) {
      if (isWhole(account)) return shards.standing();
      return standingOf(account, await read(account), clock.now());
    },

    async open(account) {
      const item = await read(account);
      return Object.entries(item?.open ?? {}).map(([id, { mediaId, tenantId, spaceId, mills, at }]) => ({
        id,
        mediaId,
        tenantId,
        spaceId,
        mills,
        at,
      }));
    },

    async due(before) {
      const accounts: Account[] = [];
      const query = {
        TableName: table,
        IndexName: "sweep",
        KeyConditionExpression: "sweepShard = :shard AND sweepAt <= :before",
        ExpressionAttributeValues: { ":shard": SWEEP_SHARD, ":before": before },
      };
      for await (const { Items = [] } of paginateQuery({ client: db }, query)) {
        accounts.push(...Items.map((item) => accountOf(z.object({ pk: z.string() }).parse(item).pk)));
      }
      return accounts;
    },

    async lookAgain(account, at) {
      const empty = new UpdateExpression().change({ sweepAt: undefined, sweepShard: undefined });
      empty.requireSize("open", "=", 0).requireAny(
        (it) => it.requireAbsent("warnings"),
        (it) => it.requireSize("warnings", "=", 0),
      );
      if (await update(account, empty)) return;
      await update(account, new UpdateExpression().set("sweepAt", at).requireExists("sweepShard"));
    },

    async warnings(account) {
      const { warnings = {} } = (await read(account)) ?? {};
      return Object.entries(warnings).map(([id, warning]) => ({ id, ...warning }));
    },

    async forgetWarning(account, id) {
      await update(account, new UpdateExpression().remove(["warnings", id]).requireExists(["warnings", id]));
    },

    async isStopped() {
      return (await read({ everybody: true }))?.stopped ?? false;
    },

    async stop(stopped) {
      await update({ everybody: true }, new UpdateExpression().change({ stopped: stopped || undefined }));
    },
  };
}

const UNTOUCHED = { monthCommitted: 0, open: {}, minuteStarts: 0 };

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / 60_000);
}

/** The account as it was seen, with what has passed since left out. */
function standingOf(account: Account, seen: AccountItem | undefined, nowMs: number): AccountStanding {
  const period = currentPeriod(account, seen, nowMs);
  const open = Object.values(seen?.open ?? {});
  const reserved = open.filter((entry) => entry.period === period).map(({ mills }) => mills);
  return {
    period,
    committedMills: seen?.period === period ? seen.monthCommitted : 0,
    reservedMills: reserved.reduce((sum, mills) => sum + mills, 0),
    open: open.length,
    startsThisMinute: seen?.minute === minuteOf(nowMs) ? seen.minuteStarts : 0,
    stopped: seen?.stopped ?? false,
  };
}

/** What speaks against it in the account as it was seen. */
function judge(
  account: Account,
  seen: AccountItem | undefined,
  { mills }: Reservation,
  { capMills, maxOpen = MAX_OPEN, startsPerMinute }: AccountLimits,
  nowMs: number,
): Refusal | undefined {
  const { period, committedMills, open, startsThisMinute, stopped } = standingOf(account, seen, nowMs);
  if (stopped) return { reason: "stopped" };
  if (capMills !== undefined && committedMills + mills > capMills) {
    return {
      reason: "over_budget",
      leftMills: leftOf(capMills, committedMills),
      renewsAt: renewalOf(period),
    };
  }
  if (open >= maxOpen) return { reason: "too_many_open", retryAfterSeconds: TOO_MANY_OPEN_RETRY_SECONDS };
  if (startsPerMinute !== undefined && startsThisMinute >= startsPerMinute) {
    return { reason: "rate_limited", retryAfterSeconds: Math.ceil((endOfMinute(nowMs) - nowMs) / 1000) };
  }
  return undefined;
}

/** The one write that commits a price, right only if the account still is in the month and minute it was seen in. */
function commit(
  account: Account,
  seen: AccountItem | undefined,
  reservation: Reservation,
  limits: AccountLimits,
  nowMs: number,
): UpdateExpression {
  const { id, ...rest } = reservation;
  const { maxOpen = MAX_OPEN, startsPerMinute } = limits;
  const period = currentPeriod(account, seen, nowMs);
  const entry = { ...rest, period };
  const change = commitMills({ period, seen, mills: rest.mills, tenantId: rest.tenantId, limits, nowMs });
  change.requireAbsent("stopped");
  // The first of an account makes the map: a path inside a map that is not there cannot be set.
  if (seen?.period === undefined) change.set("open", { [id]: entry }).requireAbsent("open");
  else change.set(["open", id], entry).requireAbsent(["open", id]).requireSize("open", "<", maxOpen);

  if (startsPerMinute === undefined) return change;
  const minute = minuteOf(nowMs);
  if (seen?.minute === minute) {
    return change.add("minuteStarts", 1).require("minute", "=", minute).require("minuteStarts", "<", startsPerMinute);
  }
  return change.change({ minute, minuteStarts: 1 }).requireEqual({ minute: seen?.minute });
}

/** Makes the write that takes a reservation out: an expression is used up by being sent. */
type Ending = () => UpdateExpression;

/** Gives its price back to the period, if it is the one that it was committed in: a shard has room for it again. */
function refund(account: Account, ending: UpdateExpression, id: string): UpdateExpression {
  const price = ["open", id, "mills"];
  if ("everybody" in account && !isWhole(account)) ending.addOwn("room", price);
  else ending.subtract("monthCommitted", price);
  return ending.requireSame(["open", id, "period"], "period");
}

/** Whether it is everybody's account, and none of its shards. */
function isWhole(account: Account): boolean {
  return "everybody" in account && account.shard === undefined;
}
