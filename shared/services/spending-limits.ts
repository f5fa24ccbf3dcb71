// What may be spent and done, as the settings say.
import { environment } from "../environment.ts";
import { millsOf, type SpendingLimits } from "../media/budget.ts";
import { lazy } from "./lazy.ts";

export const spendingLimits = lazy((): SpendingLimits => {
  const { MONTHLY_CAP_USD, MAX_OPEN_GENERATIONS, START_RATE, GLOBAL_MONTHLY_CAP_USD } = environment();
  return {
    tenant: { monthlyCapMills: mills(MONTHLY_CAP_USD), maxOpen: MAX_OPEN_GENERATIONS, startsPerMinute: START_RATE },
    everybody: { monthlyCapMills: mills(GLOBAL_MONTHLY_CAP_USD) },
  };
});

function mills(usd: number | undefined): number | undefined {
  return usd === undefined ? undefined : millsOf(usd);
}
