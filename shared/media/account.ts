// The accounts that prices are put aside in.

/**
 * What one cap is held against: the deployment's month (`everybody`), a tenant's, a tenant's day, the month of one of its users or of one of
 * its keys. Everybody's is kept in shards; what a price was put aside with is one of these. Months and days are those of the calendar, in UTC.
 */
export type Account =
  | { everybody: true; shard?: number }
  | { tenantId: string }
  | { tenantId: string; day: true }
  | { tenantId: string; userId: string }
  | { keyId: string };

/** The path under which a 402 names a cap: the setting that it was set by, or the field of a key. */
export type CapName =
  "GLOBAL_MONTHLY_CAP_USD" | "MONTHLY_CAP_USD" | "DAILY_CAP_USD" | "USER_MONTHLY_CAP_USD" | "monthlyCapUsd";

export type Scope = "everybody" | "tenant" | "user" | "key";

/** The owner of an account, and the name of its cap. */
export function describeAccount(account: Account): { scope: Scope; cap: CapName } {
  if ("everybody" in account) return { scope: "everybody", cap: "GLOBAL_MONTHLY_CAP_USD" };
  if ("keyId" in account) return { scope: "key", cap: "monthlyCapUsd" };
  if ("userId" in account) return { scope: "user", cap: "USER_MONTHLY_CAP_USD" };
  return { scope: "tenant", cap: "day" in account ? "DAILY_CAP_USD" : "MONTHLY_CAP_USD" };
}

/** An account has reached the share of its cap at which its owner is warned. */
export interface BudgetWarning {
  /** Within its account: the same for the same cap in the same period. */
  id: string;
  /** The tenant whose start crossed the share. */
  tenantId: string;
  period: string;
  capMills: number;
  /** What was committed with the start that crossed it. */
  committedMills: number;
  /** Of the cap: 0.8. */
  share: number;
  at: string;
}

/** Whether two names are of one account. */
export function isSameAccount(one: Account, other: Account): boolean {
  const ways = [one, other].map((account) => JSON.stringify(Object.entries(account).sort()));
  return ways[0] === ways[1];
}
