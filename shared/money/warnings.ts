// The owner of a cap is warned before it is spent: once for each cap and period, in the words of an event.
import { describeAccount, type Account, type BudgetWarning } from "../media/account.ts";
import { DETAIL_VERSION } from "../media/event-detail.ts";
import type { Announcements, Budget, Log } from "../media/ports.ts";

export interface WarningDeps {
  budget: Pick<Budget, "warnings" | "forgetWarning">;
  announcements: Announcements;
  log: Log;
}

/** Puts the warnings of an account on the bus. What the bus does not take stays for the sweeper's next look. */
export async function announceWarnings({ budget, announcements, log }: WarningDeps, account: Account): Promise<void> {
  for (const warning of await budget.warnings(account)) {
    try {
      const detail = warningDetail(account, warning);
      await announcements.announce({ type: "Budget Warning", at: warning.at, detail });
      await budget.forgetWarning(account, warning.id);
    } catch (error) {
      log.warn("a budget warning waits for the bus", { error: String(error) });
    }
  }
}

/** Amounts in US dollars. Of all tenants together no tenant is named. */
function warningDetail(account: Account, { tenantId, period, capMills, committedMills, share, at }: BudgetWarning) {
  const { scope, cap } = describeAccount(account);
  const { userId, keyId } = { userId: undefined, keyId: undefined, ...account };
  const owner = scope === "everybody" ? [] : [tenantId, userId ?? keyId ?? []].flat();
  return {
    version: DETAIL_VERSION,
    id: ["budget-warning", cap, ...owner.map(encodeURIComponent), period, capMills / 1000].join(":"),
    ...(scope !== "everybody" && { tenantId }),
    scope,
    cap,
    ...(userId !== undefined && { userId }),
    ...(keyId !== undefined && { keyId }),
    period,
    capUsd: capMills / 1000,
    committedUsd: committedMills / 1000,
    share,
    at,
  };
}
