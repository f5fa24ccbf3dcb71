// What a tenant may still spend and start, before it tries: the same figures that refuse a start.
import { endOfMinute, isLimited, leftOf, millsOf, renewalOf, type SpendingLimits } from "./budget.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { KeyBudget } from "../media/media.ts";
import type { AccountStanding, Budget, Clock } from "../media/ports.ts";
import { KLING_MODELS } from "../kling/models.ts";
import { prices } from "../kling/price.ts";

interface MonthLeft {
  capUsd: number;
  spentUsd: number;
  reservedUsd: number;
  leftUsd: number;
  renewsAt: Instant;
}

/** Dollars and counts. What is not limited is absent. */
export interface Quota {
  /** Nobody can start anything just now, whatever they have left. */
  startsStopped: boolean;
  /** Of the tenant, and of the key that asks where it has a cap of its own. */
  month?: MonthLeft;
  keyMonth?: MonthLeft;
  openGenerations?: { open: number; limit: number };
  starts?: { left: number; limit: number; renewsAt: Instant };
}

interface QuotaDeps {
  budget: Pick<Budget, "standing" | "isStopped">;
  limits: SpendingLimits;
  clock: Clock;
}

/** Reads one item for everybody and, where anything is limited for each tenant, one of its own. */
export async function quotaOf(
  deps: QuotaDeps,
  { tenantId, keyBudget }: { tenantId: string; keyBudget?: KeyBudget },
): Promise<Quota> {
  const [startsStopped, keyMonth] = await Promise.all([areStartsStopped(deps), keyMonthOf(deps, keyBudget)]);
  const { monthlyCapMills, maxOpen, startsPerMinute } = deps.limits.tenant;
  const known = { startsStopped, ...(keyMonth && { keyMonth }) };
  if (!isLimited(deps.limits.tenant)) return known;
  const standing = await deps.budget.standing({ tenantId });
  return {
    ...known,
    ...(monthlyCapMills !== undefined && { month: monthOf(standing, monthlyCapMills) }),
    ...(maxOpen !== undefined && { openGenerations: { open: standing.open, limit: maxOpen } }),
    ...(startsPerMinute !== undefined && {
      starts: {
        left: Math.max(0, startsPerMinute - standing.startsThisMinute),
        limit: startsPerMinute,
        renewsAt: instant(endOfMinute(deps.clock.now())),
      },
    }),
  };
}

async function keyMonthOf({ budget }: QuotaDeps, keyBudget: KeyBudget | undefined): Promise<MonthLeft | undefined> {
  if (!keyBudget) return undefined;
  return monthOf(await budget.standing({ keyId: keyBudget.keyId }), keyBudget.monthlyCapMills);
}

function monthOf({ period, committedMills, reservedMills }: AccountStanding, capMills: number): MonthLeft {
  return {
    capUsd: capMills / 1000,
    spentUsd: (committedMills - reservedMills) / 1000,
    reservedUsd: reservedMills / 1000,
    leftUsd: leftOf(capMills, committedMills) / 1000,
    renewsAt: renewalOf(period),
  };
}

/** By the kill switch, or because all tenants together have left less than the cheapest video costs; which, is the owner's business. */
async function areStartsStopped({ budget, limits }: QuotaDeps): Promise<boolean> {
  const { monthlyCapMills } = limits.everybody;
  if (monthlyCapMills === undefined) return budget.isStopped();
  const { stopped, committedMills } = await budget.standing({ everybody: true });
  return stopped || leftOf(monthlyCapMills, committedMills) < CHEAPEST_MILLS;
}

const CHEAPEST_MILLS = Math.min(...prices(KLING_MODELS).map(({ usd }) => millsOf(usd)));
