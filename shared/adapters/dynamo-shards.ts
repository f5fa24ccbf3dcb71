// Everybody's account in shards. Its own item lends out the cap and no reservation is written to it; each shard spends what
// it has borrowed. What is lent never exceeds the cap, and no shard spends more than it has borrowed, so at no instant does
// their sum. (This is known as escrow: O'Neil, "The escrow transactional method", 1986.)
import { GetCommand, UpdateCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { ABANDONED_AFTER_MS, leftOf, renewalOf } from "../money/budget.ts";
import type { Account } from "../media/account.ts";
import { instant } from "../media/instant.ts";
import type { AccountLimits, AccountStanding, Clock, Refusal, Reservation } from "../media/ports.ts";
import {
  accountItem,
  askAgain,
  commitMills,
  currentPeriod,
  keyOf,
  MAX_OPEN,
  shardItem,
  SWEEP_SHARD,
  type AccountItem,
  type ShardItem,
} from "./account-item.ts";
import { ignoreConflict } from "./document-client.ts";
import { UpdateExpression } from "./update-expression.ts";

/** More may be set at any time; fewer only with the month, for what was lent to one of them stays lent until then. */
const SHARDS = 16;

/** A shard borrows so small a part of what is left: the rest of a large cap in a few thousand loans, that of a small one price by price. */
export const LOANS = 64 * SHARDS;

/** Other processes come between our reads and our writes, seldom more than once. */
const TRIES = 40;
/** What one start gathers another may take. */
const GATHERINGS = 20;

const TOO_MANY_OPEN_RETRY_SECONDS = 30;

const EVERYBODY: Account = { everybody: true };
const NUMBERS = Array.from({ length: SHARDS }, (_, n) => n);

/** Every shard as an account of its own, to settle with. */
export const EVERYBODYS_SHARDS: readonly Account[] = NUMBERS.map(shardOf);

function shardOf(shard: number): Account {
  return { everybody: true, shard };
}

/** A loan that was never made. */
const NO_LEASE = { borrowed: 0, returned: 0 };

/** What everybody's account is, and what its shards have of it. */
interface Whole {
  period: string;
  everybody: AccountItem | undefined;
  shards: (ShardItem | undefined)[];
}

export function createShards({ db, table, clock }: { db: DynamoDBDocumentClient; table: string; clock: Clock }) {
  async function read(account: Account): Promise<Record<string, unknown> | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName: table, Key: keyOf(account), ConsistentRead: true }));
    return Item;
  }

  const readEverybody = async () => accountItem.parse((await read(EVERYBODY)) ?? {});

  async function readShard(shard: number): Promise<ShardItem | undefined> {
    const item = await read(shardOf(shard));
    return item && shardItem.parse(item);
  }

  /** @returns whether the condition held */
  async function update(account: Account, change: UpdateExpression): Promise<boolean> {
    const command = { TableName: table, Key: keyOf(account), ...change.build() };
    return (await ignoreConflict(db.send(new UpdateCommand(command)))) !== undefined;
  }

  async function readWhole(): Promise<Whole> {
    const shards = await Promise.all(NUMBERS.map(readShard));
    // After them, so that it knows of all that they have borrowed.
    const everybody = await readEverybody();
    return { period: currentPeriod(EVERYBODY, everybody, clock.now()), everybody, shards };
  }

  /** Puts a price aside in one shard, which borrows what it lacks. */
  async function take(shard: number, reservation: Reservation, limits: AccountLimits): Promise<Taken> {
    let period = currentPeriod(EVERYBODY, undefined, clock.now());
    for (let tried = 1; tried <= TRIES; tried++) {
      // A shard that is in use is as expected: one write, and nothing is read before it.
      if (await update(shardOf(shard), spend(reservation, limits, period, clock.now()))) return "taken";
      const seen = await readShard(shard);
      if (seen?.open[reservation.id]) {
        if (await update(shardOf(shard), askAgain(reservation))) return "taken";
        continue;
      }
      if (seen && Object.keys(seen.open).length >= MAX_OPEN) return "full";
      if (seen && seen.capMills !== limits.capMills && (await changeCap(shard, seen, limits))) continue;
      period = currentPeriod(EVERYBODY, seen, clock.now());
      if (seen?.period === period && seen.room >= reservation.mills) continue;
      const lent = await lend(shard, seen, reservation, limits);
      if (lent === undefined) return "short";
      period = lent;
    }
    return "busy";
  }

  /**
   * Lends a shard what it lacks for a price, and some more.
   * @returns the period that the loan is of; undefined where everybody's account does not have so much
   */
  async function lend(
    shard: number,
    seen: ShardItem | undefined,
    { mills, tenantId }: Reservation,
    limits: AccountLimits,
  ): Promise<string | undefined> {
    const everybody = await readEverybody();
    const period = [currentPeriod(EVERYBODY, everybody, clock.now()), seen?.period ?? ""].sort().at(-1) ?? "";
    const own = seen?.period === period ? seen : { ...NO_LEASE, room: 0 };
    const lease = leaseOf(everybody, shard, period);
    // Lent before, by a process that died or has not come so far yet.
    if (lease.borrowed > own.borrowed) {
      await takeOver(shard, seen, period, lease.borrowed);
      return period;
    }
    const lacking = mills - own.room;
    const left = leftOf(limits.capMills ?? Infinity, everybody.period === period ? everybody.monthCommitted : 0);
    if (left < lacking) return undefined;
    const loan = Math.max(lacking, Number.isFinite(left) ? Math.floor(left / LOANS) : 0);
    const change = commitMills({ period, seen: everybody, mills: loan, tenantId, limits, nowMs: clock.now() });
    changeLease(change, everybody, shard, { ...lease, period, borrowed: lease.borrowed + loan });
    // Without one, a version that knows of no shards could put nothing aside in it.
    if (everybody.period === undefined) change.setIfAbsent("open", {});
    if (await update(EVERYBODY, change)) await takeOver(shard, seen, period, lease.borrowed + loan);
    return period;
  }

  /** A shard spends what it has borrowed under one cap: under a lower one it may be too much, and is returned. */
  async function changeCap(shard: number, seen: ShardItem, { capMills }: AccountLimits): Promise<boolean> {
    const everybody = await readEverybody();
    const lent = everybody.period === seen.period ? everybody.monthCommitted : 0;
    const change = new UpdateExpression().change({ capMills });
    change.requireEqual({ capMills: seen.capMills, period: seen.period, returned: seen.returned, room: seen.room });
    if (capMills !== undefined && lent > capMills) change.change({ room: 0, returned: seen.returned + seen.room });
    return update(shardOf(shard), change);
  }

  /** A shard takes note of what it has borrowed by now, once. */
  async function takeOver(
    shard: number,
    seen: ShardItem | undefined,
    period: string,
    borrowed: number,
  ): Promise<boolean> {
    const change = new UpdateExpression().set("borrowed", borrowed).requireEqual({ period: seen?.period });
    if (seen?.period === period) change.add("room", borrowed - seen.borrowed).require("borrowed", "=", seen.borrowed);
    else change.change({ period, room: borrowed, returned: 0, capMills: undefined });
    if (!seen) change.set("open", {});
    return update(shardOf(shard), change);
  }

  /** The shards give back what they do not need. @returns what there was left in all, whoever has it */
  async function gather(mills: number, { capMills = Infinity }: AccountLimits): Promise<number> {
    const whole = await readWhole();
    const { period, everybody } = whole;
    const lent = everybody?.period === period ? everybody.monthCommitted : 0;
    const idle = idleOf(whole);
    const inAll = leftOf(capMills, lent - sumOf(idle));
    if (inAll < mills) return inAll;
    let left = capMills - lent;
    for (const [shard, spare] of idle.entries()) {
      if (left >= mills) break;
      if (spare === 0) continue;
      await giveBack(shard, whole);
      left += spare;
    }
    return inAll;
  }

  /** One shard returns what it does not need: first it has it no more, then everybody's account has it again. */
  async function giveBack(shard: number, { period, everybody, shards }: Whole): Promise<void> {
    let seen = shards[shard];
    const lease = leaseOf(everybody, shard, period);
    if (lease.borrowed > (seen?.period === period ? seen.borrowed : 0)) {
      await takeOver(shard, seen, period, lease.borrowed);
      seen = await readShard(shard);
    }
    if (seen?.period !== period) return;
    let { returned } = seen;
    if (seen.room > 0) {
      const spare = new UpdateExpression().add("room", -seen.room).add("returned", seen.room);
      spare.require("period", "=", period).require("returned", "=", returned).require("room", ">=", seen.room);
      if (await update(shardOf(shard), spare)) returned += seen.room;
    }
    if (returned <= lease.returned) return;
    const noted = new UpdateExpression()
      .add("monthCommitted", lease.returned - returned)
      .require("period", "=", period);
    const [path, name] = [
      ["leases", String(shard), "returned"],
      ["leases", String(shard), "period"],
    ];
    await update(EVERYBODY, noted.set(path, returned).require(path, "=", lease.returned).require(name, "=", period));
  }

  return {
    /** Puts a price aside in one of the shards. @returns which */
    async reserve(reservation: Reservation, limits: AccountLimits): Promise<Refusal | { account: Account }> {
      if ((await readEverybody()).stopped) return { reason: "stopped" };
      const from = spread(reservation.id);
      const order = NUMBERS.map((n) => (n + from) % SHARDS);
      for (let gathered = 0; gathered < GATHERINGS; gathered++) {
        let taken: Taken = "full";
        for (const shard of order) {
          taken = await take(shard, reservation, limits);
          if (taken === "taken") return { account: shardOf(shard) };
          if (taken !== "full") break;
        }
        if (taken === "full") return { reason: "too_many_open", retryAfterSeconds: TOO_MANY_OPEN_RETRY_SECONDS };
        if (taken === "busy") break;
        const leftMills = await gather(reservation.mills, limits);
        if (leftMills < reservation.mills) {
          const period = currentPeriod(EVERYBODY, await readEverybody(), clock.now());
          return { reason: "over_budget", leftMills, renewsAt: renewalOf(period) };
        }
      }
      return { reason: "rate_limited", retryAfterSeconds: 1 };
    },

    /** Of all shards, and of what everybody's own item still holds of versions that knew no shards. */
    async standing(): Promise<AccountStanding> {
      const whole = await readWhole();
      const { period, everybody, shards } = whole;
      const open = [everybody, ...shards].flatMap((item) => Object.values(item?.open ?? {}));
      const reserved = open.filter((entry) => entry.period === period);
      return {
        period,
        committedMills: everybody?.period === period ? everybody.monthCommitted - sumOf(idleOf(whole)) : 0,
        reservedMills: sumOf(reserved.map(({ mills }) => mills)),
        open: open.length,
        startsThisMinute: 0,
        stopped: everybody?.stopped ?? false,
      };
    },
  };
}

function sumOf(mills: number[]): number {
  return mills.reduce((sum, one) => sum + one, 0);
}

type Taken = "taken" | "full" | "short" | "busy";

/** What is lent to a shard in a period. */
function leaseOf(everybody: AccountItem | undefined, shard: number, period: string) {
  const lease = everybody?.leases?.[shard];
  return lease?.period === period ? lease : NO_LEASE;
}

/** What each shard was lent and has not committed, wherever it is on its way. */
function idleOf({ period, everybody, shards }: Whole): number[] {
  return shards.map((item, shard) => {
    const own = item?.period === period ? item : { ...NO_LEASE, room: 0 };
    const lease = leaseOf(everybody, shard, period);
    return own.room + (lease.borrowed - own.borrowed) + (own.returned - lease.returned);
  });
}

/** Writes a lease, right only if it still is as it was seen: of many that lend to one shard, one does. */
function changeLease(
  change: UpdateExpression,
  { leases }: AccountItem,
  shard: number,
  lease: { period: string; borrowed: number; returned: number },
): void {
  const [name, seen] = [String(shard), leases?.[shard]];
  if (!leases) change.set("leases", { [name]: lease }).requireAbsent("leases");
  else if (!seen) change.set(["leases", name], lease).requireAbsent(["leases", name]);
  else {
    change.set(["leases", name], lease);
    for (const [field, value] of Object.entries(seen)) change.require(["leases", name, field], "=", value);
  }
}

/** The one write that puts a price aside in a shard: it has borrowed enough. */
function spend(
  { id, ...rest }: Reservation,
  { capMills }: AccountLimits,
  period: string,
  nowMs: number,
): UpdateExpression {
  return new UpdateExpression()
    .set("sweepShard", SWEEP_SHARD)
    .setIfAbsent("sweepAt", instant(nowMs + ABANDONED_AFTER_MS))
    .set(["open", id], { ...rest, period })
    .add("room", -rest.mills)
    .requireEqual({ period, capMills })
    .require("room", ">=", rest.mills)
    .requireAbsent(["open", id])
    .requireSize("open", "<", MAX_OPEN);
}

/** The shard that a reservation is tried in first: the same for the same id. */
function spread(id: string): number {
  let sum = 0;
  for (const character of id) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return sum % SHARDS;
}
