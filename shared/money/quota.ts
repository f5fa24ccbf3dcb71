// What a tenant may still spend and start, before it tries: the same figures that refuse a start.
import { endOfMinute, isLimited, leftOf, millsOf, renewalOf, type SpendingLimits } from "./budget.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { AccountStanding, Budget, Clock } from "../media/ports.ts";
import { KLING_MODELS } from "../kling/models.ts";
import { prices } from "../kling/price.ts";

/** Dollars and counts. What is not limited is absent. */
export interface Allowance {
  /** Nobody can start anything just now, whatever they have left. */
  startsStopped: boolean;
  month?: { capUsd: number; spentUsd: number; reservedUsd: number; leftUsd: number; renewsAt: Instant };
  openGenerations?: { open: number; limit: number };
  starts?: { left: number; limit: number; renewsAt: Instant };
}

interface AllowanceDeps {
  budget: Pick<Budget, "standing" | "isStopped">;
  limits: SpendingLimits;
  clock: Clock;
}

/** Reads one item for everybody and, where anything is limited for each tenant, one of its own. */
export async function allowanceOf(deps: AllowanceDeps, tenantId: string): Promise<Allowance> {
  const startsStopped = await areStartsStopped(deps);
  const { monthlyCapMills, maxOpen, startsPerMinute } = deps.limits.tenant;
  if (!isLimited(deps.limits.tenant)) return { startsStopped };
  const standing = await deps.budget.standing({ tenantId });
  return {
    startsStopped,
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

function monthOf({ period, committedMills, reservedMills }: AccountStanding, capMills: number): Allowance["month"] {
  return {
    capUsd: capMills / 1000,
    spentUsd: (committedMills - reservedMills) / 1000,
    reservedUsd: reservedMills / 1000,
    leftUsd: leftOf(capMills, committedMills) / 1000,
    renewsAt: renewalOf(period),
  };
}

/** By the kill switch, or because all tenants together have left less than the cheapest video costs; which, is the owner's business. */
async function areStartsStopped({ budget, limits }: AllowanceDeps): Promise<boolean> {
  const { monthlyCapMills } = limits.everybody;
  if (monthlyCapMills === undefined) return budget.isStopped();
  const { stopped, committedMills } = await budget.standing({ everybody: true });
  return stopped || leftOf(monthlyCapMills, committedMills) < CHEAPEST_MILLS;
}

const CHEAPEST_MILLS = Math.min(...prices(KLING_MODELS).map(({ usd }) => millsOf(usd)));
