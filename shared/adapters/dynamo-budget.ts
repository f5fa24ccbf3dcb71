// The accounts in DynamoDB, beside the records: one item each, every change of it one conditional update.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, paginateQuery, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { ABANDONED_AFTER_MS, endOfMinute, leftOf, periodOf, renewalOf } from "../money/budget.ts";
import { instant } from "../media/instant.ts";
import type { Account, BudgetWarning } from "../media/account.ts";
import type { AccountLimits, AccountStanding, Budget, Clock, Refusal, Reservation } from "../media/ports.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { UpdateExpression } from "./update-expression.ts";

export interface DynamoBudgetOptions {
  client: DynamoDBClient;
  table: string;
  clock: Clock;
}

/** An item holds 400 KB (AWS: "Quotas"), an open reservation takes 200 bytes of it, and each write costs by the item's size. */
const MAX_OPEN = 1000;

/** Ends of generations cannot be foreseen; the shortest take about a minute. */
const TOO_MANY_OPEN_RETRY_SECONDS = 30;

/** Another process's write comes between two of ours a few times at most: at the first start, and when a month or a minute begins. */
const TRIES = 10;

/** In the sweeper's index, apart from the records. */
const SWEEP_SHARD = "BUDGET";
const SORT_KEY = "BUDGET";
const EVERYBODY_PARTITION = "BUDGET";
const KEY_PARTITION = /^KEY#([0-9a-f]+)#BUDGET$/;
const TENANT_PARTITION = /^TENANT#([^#]+)(#DAY|#USER#([^#]+))?#BUDGET$/;

/** The port `Budget` over the table of the records (keys and index: stacks/blueprint/tables.ts). */
export function createDynamoBudget({ client, table, clock }: DynamoBudgetOptions): Budget {
  const db = documentClient(client);

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
    const refunded = await update(account, refund(ending(), id));
    // What was committed in a month that has passed is no part of this one's sum.
    return refunded || update(account, ending());
  }

  return {
    async reserve(account, reservation, limits) {
      // An account that is in use is as expected: one write, and nothing is read before it.
      const now = clock.now();
      let seen: AccountItem | undefined = { period: periodOf(account, now), minute: minuteOf(now), ...UNTOUCHED };
      for (let tried = 1; tried <= TRIES; tried++) {
        const known = seen?.open[reservation.id];
        if (known) {
          if (seen?.stopped) return { reason: "stopped" };
          if (await update(account, askAgain(reservation))) return undefined;
        } else {
          const refusal = tried === 1 ? undefined : judge(account, seen, reservation, limits, clock.now());
          if (refusal) return refusal;
          if (await update(account, commit(account, seen, reservation, limits, clock.now()))) return undefined;
        }
        seen = await read(account);
      }
      return { reason: "rate_limited", retryAfterSeconds: 1 };
    },

    settle: (account, id, outcome, at) => end(account, outcome, id, () => takeOut(id, at)),

    async withdraw(account, { id, at }) {
      await end(account, "refunded", id, () => takeOut(id, at).requireAbsent(["open", id, "askedAgain"]));
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

const openEntry = z.object({
  mediaId: z.string(),
  tenantId: z.string(),
  spaceId: z.string(),
  mills: z.int(),
  /** The month or day it is committed in. */
  period: z.string(),
  at: z.number(),
});

const accountItem = z.object({
  /** Absent as long as the item holds nothing but the kill switch. */
  period: z.optional(z.string()),
  /** Mills of this period, spent or open. */
  monthCommitted: z._default(z.int(), 0),
  open: z._default(z.record(z.string(), openEntry), {}),
  /** Minutes since the epoch, and how many starts that minute has seen. */
  minute: z.optional(z.number()),
  minuteStarts: z._default(z.int(), 0),
  stopped: z.optional(z.boolean()),
  /** The last cap whose owner was warned, or will be. */
  warned: z.optional(z.string()),
  /** Those that were not told yet, by what `warned` was. */
  warnings: z.optional(
    z.record(
      z.string(),
      z.object({
        tenantId: z.string(),
        period: z.string(),
        capMills: z.int(),
        committedMills: z.int(),
        share: z.number(),
        at: z.string(),
      } satisfies { [Field in keyof Omit<BudgetWarning, "id">]: z.ZodMiniType<BudgetWarning[Field]> }),
    ),
  ),
});
type AccountItem = z.infer<typeof accountItem>;

const UNTOUCHED = { monthCommitted: 0, open: {}, minuteStarts: 0 };

function keyOf(account: Account): { pk: string; sk: string } {
  return { pk: partitionOf(account), sk: SORT_KEY };
}

function partitionOf(account: Account): string {
  if ("everybody" in account) return EVERYBODY_PARTITION;
  if ("keyId" in account) return `KEY#${account.keyId}#BUDGET`;
  const tenant = `TENANT#${encodeURIComponent(account.tenantId)}`;
  // In base64, for a key has 2,048 bytes at most and a name of 128 characters may take 1,152 in percents.
  if ("userId" in account) return `${tenant}#USER#${Buffer.from(account.userId).toString("base64url")}#BUDGET`;
  return "day" in account ? `${tenant}#DAY#BUDGET` : `${tenant}#BUDGET`;
}

function accountOf(partition: string): Account {
  const [, keyId] = KEY_PARTITION.exec(partition) ?? [];
  if (keyId !== undefined) return { keyId };
  const [, tenant, part, user] = TENANT_PARTITION.exec(partition) ?? [];
  if (tenant === undefined) return { everybody: true };
  const tenantId = decodeURIComponent(tenant);
  if (user !== undefined) return { tenantId, userId: Buffer.from(user, "base64url").toString() };
  return part === undefined ? { tenantId } : { tenantId, day: true };
}

function minuteOf(nowMs: number): number {
  return Math.floor(nowMs / 60_000);
}

/** The period that is committed in: never an older one than others have begun, whatever our clock says. */
function currentPeriod(account: Account, seen: AccountItem | undefined, nowMs: number): string {
  const ours = periodOf(account, nowMs);
  return seen?.period !== undefined && seen.period > ours ? seen.period : ours;
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
  const { capMills, maxOpen = MAX_OPEN, startsPerMinute } = limits;
  const period = currentPeriod(account, seen, nowMs);
  const entry = { ...rest, period };
  const warning = warningOf({ period, seen, reservation, limits, nowMs });
  const change = new UpdateExpression().set("sweepShard", SWEEP_SHARD).requireAbsent("stopped");
  // The sweeper tells of a warning within a minute.
  if (warning) change.set("sweepAt", instant(nowMs));
  else change.setIfAbsent("sweepAt", instant(nowMs + ABANDONED_AFTER_MS));

  // The first of an account makes the map: a path inside a map that is not there cannot be set.
  if (seen?.period === undefined) change.set("open", { [id]: entry }).requireAbsent("open");
  else change.set(["open", id], entry).requireAbsent(["open", id]).requireSize("open", "<", maxOpen);

  if (seen?.period === period) {
    change.add("monthCommitted", rest.mills).require("period", "=", period);
    // A condition cannot add.
    if (capMills !== undefined) change.require("monthCommitted", "<=", capMills - rest.mills);
    limitWarning(change, { warning, period, limits, mills: rest.mills });
  } else {
    change.change({ period, monthCommitted: rest.mills });
    if (seen?.period !== undefined) change.require("period", "=", seen.period);
  }

  if (warning) {
    const { id: warned, ...told } = warning;
    change.set("warned", warned).requireEqual({ warned: seen?.warned });
    if (seen?.warnings) change.set(["warnings", warned], told).requireExists("warnings");
    else change.set("warnings", { [warned]: told }).requireAbsent("warnings");
  }

  if (startsPerMinute === undefined) return change;
  const minute = minuteOf(nowMs);
  if (seen?.minute === minute) {
    return change.add("minuteStarts", 1).require("minute", "=", minute).require("minuteStarts", "<", startsPerMinute);
  }
  return change.change({ minute, minuteStarts: 1 }).requireEqual({ minute: seen?.minute });
}

/** Makes the write that takes a reservation out: an expression is used up by being sent. */
type Ending = () => UpdateExpression;

/** Names a cap of a period, of which its owner is warned once. */
function warningId(period: string, { capMills }: AccountLimits): string {
  return `${period}/${capMills}`;
}

/** From what is committed on the owner of a cap is warned; undefined: never. */
function warnedFromMills({ capMills, warningShare }: AccountLimits): number | undefined {
  // The product of two decimals may be a little more than it is.
  return capMills && warningShare && Math.ceil(Math.round(capMills * warningShare * 1000) / 1000);
}

/** The warning that is due with a reservation, by the account as it was seen. */
function warningOf(commit: {
  period: string;
  seen: AccountItem | undefined;
  reservation: Reservation;
  limits: AccountLimits;
  nowMs: number;
}): BudgetWarning | undefined {
  const { period, seen, reservation, limits, nowMs } = commit;
  const { capMills, warningShare: share } = limits;
  const id = warningId(period, limits);
  const committedMills = (seen?.period === period ? seen.monthCommitted : 0) + reservation.mills;
  if (capMills === undefined || share === undefined || seen?.warned === id) return undefined;
  if (committedMills < (warnedFromMills(limits) ?? Infinity)) return undefined;
  return { id, tenantId: reservation.tenantId, period, capMills, committedMills, share, at: instant(nowMs) };
}

/**
 * A reservation that brings no warning stays below the share, or comes after the warning; one that brings it crosses the
 * share. So the write that crosses it is the one that warns.
 */
function limitWarning(
  change: UpdateExpression,
  {
    warning,
    period,
    limits,
    mills,
  }: { warning?: BudgetWarning | undefined; period: string; limits: AccountLimits; mills: number },
): void {
  const from = warnedFromMills(limits);
  if (from === undefined) return;
  if (warning) change.require("monthCommitted", ">=", from - mills);
  else {
    change.requireAny(
      (it) => it.require("monthCommitted", "<", from - mills),
      (it) => it.require("warned", "=", warningId(period, limits)),
    );
  }
}

/** Takes a reservation out of its account; with `at`, only if no start has asked for it since. */
function takeOut(id: string, at?: number): UpdateExpression {
  const change = new UpdateExpression().remove(["open", id]).requireExists(["open", id]);
  return at === undefined ? change : change.require(["open", id, "at"], "=", at);
}

/** Gives its price back to the period, if it is the one that it was committed in. */
function refund(ending: UpdateExpression, id: string): UpdateExpression {
  return ending.subtract("monthCommitted", ["open", id, "mills"]).requireSame(["open", id, "period"], "period");
}

/** A replay, or a redelivery, takes up a reservation that is there, so that the sweeper does not free it. It is a start like any other. */
function askAgain({ id, at }: Reservation): UpdateExpression {
  return new UpdateExpression()
    .set(["open", id, "at"], at)
    .set(["open", id, "askedAgain"], true)
    .requireExists(["open", id])
    .requireAbsent("stopped");
}
