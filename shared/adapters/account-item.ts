// What an account is in the table, and the one way in which a sum is committed in it.
import * as z from "zod/mini";
import { ABANDONED_AFTER_MS, periodOf } from "../money/budget.ts";
import type { Account, BudgetWarning } from "../media/account.ts";
import { instant } from "../media/instant.ts";
import type { AccountLimits, Reservation } from "../media/ports.ts";
import { UpdateExpression } from "./update-expression.ts";

/** An item holds 400 KB (AWS: "Quotas"), an open reservation takes 200 bytes of it, and each write costs by the item's size. */
export const MAX_OPEN = 1000;

/** In the sweeper's index, apart from the records. */
export const SWEEP_SHARD = "BUDGET";
const SORT_KEY = "BUDGET";
const EVERYBODY_PARTITION = "BUDGET";
const SHARD_PARTITION = /^BUDGET#(\d+)$/;
const KEY_PARTITION = /^KEY#([0-9a-f]+)#BUDGET$/;
const TENANT_PARTITION = /^TENANT#([^#]+)(#DAY|#USER#([^#]+))?#BUDGET$/;

const openEntry = z.object({
  mediaId: z.string(),
  tenantId: z.string(),
  spaceId: z.string(),
  mills: z.int(),
  /** The month or day it is committed in. */
  period: z.string(),
  at: z.number(),
});

export const accountItem = z.object({
  /** Absent as long as the item holds nothing but the kill switch. */
  period: z.optional(z.string()),
  /** Mills of this period, spent or open. */
  monthCommitted: z._default(z.int(), 0),
  open: z._default(z.record(z.string(), openEntry), {}),
  /** Minutes since the epoch, and how many starts that minute has seen. */
  minute: z.optional(z.number()),
  minuteStarts: z._default(z.int(), 0),
  stopped: z.optional(z.boolean()),
  /** Of everybody's account: what it has lent to each shard, and got back, in mills since the period began. */
  leases: z.optional(z.record(z.string(), z.object({ period: z.string(), borrowed: z.int(), returned: z.int() }))),
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
export type AccountItem = z.infer<typeof accountItem>;

/** A part of everybody's account that holds reservations: it spends what everybody's has lent it. */
export const shardItem = z.object({
  period: z.string(),
  /** Mills that it has borrowed and returned since the period began, and those of them that are not committed. */
  borrowed: z.int(),
  returned: z.int(),
  room: z.int(),
  /** The cap that it spends under. */
  capMills: z.optional(z.int()),
  open: z.record(z.string(), openEntry),
});
export type ShardItem = z.infer<typeof shardItem>;

export function keyOf(account: Account): { pk: string; sk: string } {
  return { pk: partitionOf(account), sk: SORT_KEY };
}

function partitionOf(account: Account): string {
  if ("everybody" in account) return account.shard === undefined ? EVERYBODY_PARTITION : `BUDGET#${account.shard}`;
  if ("keyId" in account) return `KEY#${account.keyId}#BUDGET`;
  const tenant = `TENANT#${encodeURIComponent(account.tenantId)}`;
  // In base64, for a key has 2,048 bytes at most and a name of 128 characters may take 1,152 in percents.
  if ("userId" in account) return `${tenant}#USER#${Buffer.from(account.userId).toString("base64url")}#BUDGET`;
  return "day" in account ? `${tenant}#DAY#BUDGET` : `${tenant}#BUDGET`;
}

export function accountOf(partition: string): Account {
  const [, shard] = SHARD_PARTITION.exec(partition) ?? [];
  if (shard !== undefined) return { everybody: true, shard: Number(shard) };
  const [, keyId] = KEY_PARTITION.exec(partition) ?? [];
  if (keyId !== undefined) return { keyId };
  const [, tenant, part, user] = TENANT_PARTITION.exec(partition) ?? [];
  if (tenant === undefined) return { everybody: true };
  const tenantId = decodeURIComponent(tenant);
  if (user !== undefined) return { tenantId, userId: Buffer.from(user, "base64url").toString() };
  return part === undefined ? { tenantId } : { tenantId, day: true };
}

/** The period that is committed in: never an older one than others have begun, whatever our clock says. */
export function currentPeriod(
  account: Account,
  seen: { period?: string | undefined } | undefined,
  nowMs: number,
): string {
  const ours = periodOf(account, nowMs);
  return seen?.period !== undefined && seen.period > ours ? seen.period : ours;
}

/** A sum that is to be committed in an account, as it was seen. */
interface Commit {
  period: string;
  seen: AccountItem | undefined;
  mills: number;
  tenantId: string;
  limits: AccountLimits;
  nowMs: number;
}

/**
 * The change that commits a sum, right only if the account still is in the period it was seen in and its cap holds the sum.
 * With the sum that crosses the share of the cap goes the warning.
 */
export function commitMills(commit: Commit): UpdateExpression {
  const { period, seen, mills, limits, nowMs } = commit;
  const warning = warningOf(commit);
  const change = new UpdateExpression().set("sweepShard", SWEEP_SHARD);
  // The sweeper announces a warning within a minute.
  if (warning) change.set("sweepAt", instant(nowMs));
  else change.setIfAbsent("sweepAt", instant(nowMs + ABANDONED_AFTER_MS));

  if (seen?.period === period) {
    change.add("monthCommitted", mills).require("period", "=", period);
    // A condition cannot add.
    if (limits.capMills !== undefined) change.require("monthCommitted", "<=", limits.capMills - mills);
    limitWarning(change, commit, warning);
  } else {
    change.change({ period, monthCommitted: mills }).requireEqual({ period: seen?.period });
  }

  if (warning) {
    const { id: warned, ...told } = warning;
    change.set("warned", warned).requireEqual({ warned: seen?.warned });
    if (seen?.warnings) change.set(["warnings", warned], told).requireExists("warnings");
    else change.set("warnings", { [warned]: told }).requireAbsent("warnings");
  }
  return change;
}

/** Names a cap of a period, of which its owner is warned once. */
function warningId(period: string, { capMills }: AccountLimits): string {
  return `${period}/${capMills}`;
}

/** From what is committed on the owner of a cap is warned; undefined: never. */
function warnedFromMills({ capMills, warningShare }: AccountLimits): number | undefined {
  // The product of two decimals may be a little more than it is.
  return capMills && warningShare && Math.ceil(Math.round(capMills * warningShare * 1000) / 1000);
}

/** The warning that is due with a sum. */
function warningOf({ period, seen, mills, tenantId, limits, nowMs }: Commit): BudgetWarning | undefined {
  const { capMills, warningShare: share } = limits;
  const id = warningId(period, limits);
  const committedMills = (seen?.period === period ? seen.monthCommitted : 0) + mills;
  if (capMills === undefined || share === undefined || seen?.warned === id) return undefined;
  if (committedMills < (warnedFromMills(limits) ?? Infinity)) return undefined;
  return { id, tenantId, period, capMills, committedMills, share, at: instant(nowMs) };
}

/**
 * A sum that brings no warning stays below the share, or comes after the warning; one that brings it crosses the share. So
 * the write that crosses it is the one that warns.
 */
function limitWarning(
  change: UpdateExpression,
  { period, limits, mills }: Commit,
  warning: BudgetWarning | undefined,
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
export function takeOut(id: string, at?: number): UpdateExpression {
  const change = new UpdateExpression().remove(["open", id]).requireExists(["open", id]);
  return at === undefined ? change : change.require(["open", id, "at"], "=", at);
}

/** A replay, or a redelivery, takes up a reservation that is there, so that the sweeper does not free it. It is a start like any other. */
export function askAgain({ id, at }: Reservation): UpdateExpression {
  return new UpdateExpression()
    .set(["open", id, "at"], at)
    .set(["open", id, "askedAgain"], true)
    .requireExists(["open", id])
    .requireAbsent("stopped");
}
