// What a tenant may still spend and start, before it tries: the same figures that refuse a start.
import { endOfMinute, isLimited, leftOf, millsOf, renewalOf, type SpendingLimits } from "./budget.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { KeyBudget } from "../media/media.ts";
import type { Account } from "../media/account.ts";
import type { AccountLimits, AccountStanding, Budget, Clock } from "../media/ports.ts";
import type { KlingRow } from "../kling/models.ts";
import { prices } from "../kling/price.ts";

/** What is left of a cap, in dollars. */
interface BudgetLeft {
  capUsd: number;
  spentUsd: number;
  reservedUsd: number;
  leftUsd: number;
  renewsAt: Instant;
}

/** Dollars and counts. What is not limited is absent. */
export interface Quota {
  /** No start is accepted just now, whatever the caller has left. */
  startsStopped: boolean;
  /** Of the tenant. */
  month?: BudgetLeft;
  day?: BudgetLeft;
  /** Of the calling user, and of the key where it has its own cap. */
  userMonth?: BudgetLeft;
  keyMonth?: BudgetLeft;
  openGenerations?: { open: number; limit: number };
  starts?: { left: number; limit: number; renewsAt: Instant };
}

interface QuotaDeps {
  budget: Pick<Budget, "standing" | "isStopped">;
  limits: SpendingLimits;
  clock: Clock;
  /** What this deployment offers. */
  offered: readonly KlingRow[];
}

/** Reads one item for the deployment and one for each account of the caller where anything is limited. */
export async function quotaOf(
  deps: QuotaDeps,
  { tenantId, userId, keyBudget }: { tenantId: string; userId: string; keyBudget?: KeyBudget },
): Promise<Quota> {
  const { tenant, tenantDay, user } = deps.limits;
  const left = (account: Account, capMills: number | undefined) => budgetLeft(deps, account, capMills);
  const [startsStopped, ofTenant, day, userMonth, keyMonth] = await Promise.all([
    areStartsStopped(deps),
    tenantQuota(deps, tenantId, tenant),
    left({ tenantId, day: true }, tenantDay?.capMills),
    left({ tenantId, userId }, user?.capMills),
    keyBudget && left({ keyId: keyBudget.keyId }, keyBudget.monthlyCapMills),
  ]);
  return {
    startsStopped,
    ...ofTenant,
    ...(day && { day }),
    ...(userMonth && { userMonth }),
    ...(keyMonth && { keyMonth }),
  };
}

async function tenantQuota(
  { budget, clock }: QuotaDeps,
  tenantId: string,
  limits: AccountLimits,
): Promise<Pick<Quota, "month" | "openGenerations" | "starts">> {
  if (!isLimited(limits)) return {};
  const { capMills, maxOpen, startsPerMinute } = limits;
  const standing = await budget.standing({ tenantId });
  return {
    ...(capMills !== undefined && { month: leftBy(standing, capMills) }),
    ...(maxOpen !== undefined && { openGenerations: { open: standing.open, limit: maxOpen } }),
    ...(startsPerMinute !== undefined && {
      starts: {
        left: Math.max(0, startsPerMinute - standing.startsThisMinute),
        limit: startsPerMinute,
        renewsAt: instant(endOfMinute(clock.now())),
      },
    }),
  };
}

async function budgetLeft(
  { budget }: QuotaDeps,
  account: Account,
  capMills: number | undefined,
): Promise<BudgetLeft | undefined> {
  return capMills === undefined ? undefined : leftBy(await budget.standing(account), capMills);
}

function leftBy({ period, committedMills, reservedMills }: AccountStanding, capMills: number): BudgetLeft {
  return {
    capUsd: capMills / 1000,
    spentUsd: (committedMills - reservedMills) / 1000,
    reservedUsd: reservedMills / 1000,
    leftUsd: leftOf(capMills, committedMills) / 1000,
    renewsAt: renewalOf(period),
  };
}

/** By the kill switch, or because the deployment's cap holds less than the cheapest video on offer; the caller is not told which. */
async function areStartsStopped({ budget, limits, offered }: QuotaDeps): Promise<boolean> {
  const { capMills } = limits.everybody;
  if (capMills === undefined) return budget.isStopped();
  const { stopped, committedMills } = await budget.standing({ everybody: true });
  const cheapestMills = Math.min(...prices(offered).map(({ usd }) => millsOf(usd)));
  return stopped || leftOf(capMills, committedMills) < cheapestMills;
}
