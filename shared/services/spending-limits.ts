// The spending limits, as the settings say.
import { setting } from "../environment.ts";
import { millsOf, type SpendingLimits } from "../money/budget.ts";
import { lazy } from "./lazy.ts";

export const spendingLimits = lazy((): SpendingLimits => {
  return {
    tenant: {
      capMills: mills(setting("MONTHLY_CAP_USD")),
      maxOpen: setting("MAX_OPEN_GENERATIONS"),
      startsPerMinute: setting("START_RATE"),
    },
    tenantDay: { capMills: mills(setting("DAILY_CAP_USD")) },
    user: { capMills: mills(setting("USER_MONTHLY_CAP_USD")) },
    everybody: { capMills: mills(setting("GLOBAL_MONTHLY_CAP_USD")) },
    warningShare: setting("BUDGET_WARNING_SHARE"),
  };
});

function mills(usd: number | undefined): number | undefined {
  return usd === undefined ? undefined : millsOf(usd);
}
