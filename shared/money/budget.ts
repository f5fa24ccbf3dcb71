// Money: a price is put aside before anything is started, and spent or given back exactly once, whoever ends the generation.
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { OverBudgetError, StartsStoppedError, TooManyStartsError } from "../media/errors.ts";
import type { LogEvent } from "../media/log-events.ts";
import { refOf, type Media } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import type { Account, AccountLimits, Budget, Clock, Log, MediaRecords, Refusal, Reservation } from "../media/ports.ts";
import { isTerminal } from "../media/status.ts";

/** What may be spent and done; whatever is not set is not limited. */
export interface SpendingLimits {
  /** Of each tenant. */
  tenant: AccountLimits;
  /** Of all of them together. */
  everybody: AccountLimits;
}

/** The account of the whole deployment, beside one for each tenant. */
const EVERYBODY: Account = { everybody: true };

/**
 * A reservation that has no record by now never gets one: no start runs for longer than its function's 30 s, and the
 * clocks of whoever starts and whoever sweeps may each be wrong by five minutes.
 */
export const ABANDONED_AFTER_MS = 15 * 60_000;

/** Until it is freed it takes room from others: an account with anything open is looked at so often. */
const LOOK_AGAIN_AFTER_MS = 5 * 60_000;

/** Mills, thousandths of a US dollar: whole numbers, which add up. */
export function millsOf(usd: number): number {
  return Math.round(usd * 1000);
}

/** The month that a moment counts to: `2026-11`, in UTC. */
export function periodOf(nowMs: number): string {
  return instant(nowMs).slice(0, 7);
}

/** Epoch milliseconds at which the calendar minute that starts are counted in is over. */
export function endOfMinute(nowMs: number): number {
  return (Math.floor(nowMs / 60_000) + 1) * 60_000;
}

/** What a cap still holds. */
export function leftOf(capMills: number, committedMills: number): number {
  return Math.max(0, capMills - committedMills);
}

/** When the month's budget is whole again. */
export function renewalOf(period: string): string {
  const [year = 0, month = 0] = period.split("-").map(Number);
  return instant(Date.UTC(year, month));
}

interface ReserveDeps {
  budget: Budget;
  limits: SpendingLimits;
  clock: Clock;
  log: Log;
}

/**
 * Puts the price of a generation aside: first with everybody's account, then with its tenant's, one conditional write
 * each. Where nothing is limited, nothing is written: only the kill switch is read.
 * What fails on the way holds nothing: it is given back.
 * @param id names the reservation; the same again is one
 * @returns what was put aside, so that it has to be settled; undefined where nothing is limited
 * @throws StartsStoppedError, OverBudgetError, TooManyStartsError
 */
export async function reserve(deps: ReserveDeps, media: Media, id: string): Promise<Reservation | undefined> {
  const { budget, limits, clock } = deps;
  const mills = millsOf(media.estimatedCostUsd ?? 0);
  const { id: mediaId, tenantId, spaceId } = media;
  const keyId = media.keyBudget?.keyId;
  const reservation: Reservation = { id, mediaId, tenantId, spaceId, keyId, mills, at: clock.now() };
  const asked: Account[] = [];
  try {
    if (!isLimited(limits.everybody) && (await budget.isStopped())) {
      throw refused(deps, { reason: "stopped" }, "everybody", mills);
    }
    for (const account of limitedAccounts(limits, reservation)) {
      asked.push(account);
      const refusal = await budget.reserve(account, reservation, limitsOf(account, limits, media));
      if (!refusal) continue;
      asked.pop();
      throw refused(deps, refusal, scopeOf(account), mills);
    }
  } catch (error) {
    await giveBack(deps, reservation, asked);
    throw error;
  }
  return asked.length > 0 ? reservation : undefined;
}

/** Those that a price is put aside with, in this order. */
function limitedAccounts({ everybody, tenant }: SpendingLimits, { tenantId, keyId }: Holder): Account[] {
  return [
    ...(isLimited(everybody) ? [EVERYBODY] : []),
    ...(isLimited(tenant) ? [{ tenantId }] : []),
    ...(keyId === undefined ? [] : [{ keyId }]),
  ];
}

/** Whose a price is, besides everybody's. */
type Holder = Pick<Reservation, "tenantId" | "keyId">;

function limitsOf(account: Account, { everybody, tenant }: SpendingLimits, { keyBudget }: Media): AccountLimits {
  if ("everybody" in account) return everybody;
  if ("tenantId" in account) return tenant;
  return keyBudget === undefined ? {} : { monthlyCapMills: keyBudget.monthlyCapMills };
}

type Scope = "everybody" | "tenant" | "key";

function scopeOf(account: Account): Scope {
  if ("everybody" in account) return "everybody";
  return "keyId" in account ? "key" : "tenant";
}

/** Gives back what a start has put aside that was not carried out; what cannot be given back the sweeper frees. */
export async function giveBack(
  { budget, limits, log }: ReserveDeps,
  reservation: Reservation,
  accounts = limitedAccounts(limits, reservation),
): Promise<void> {
  for (const account of accounts) {
    try {
      await budget.withdraw(account, reservation);
    } catch (error) {
      log.warn("reservation not given back, the sweeper will", { mediaId: reservation.mediaId, error: String(error) });
    }
  }
}

/**
 * Puts the price of a saved record aside anew where its start, which was answered with an error, has given it back.
 * @throws as `reserve`
 */
export async function keepReserved(deps: ReserveDeps, media: Media): Promise<void> {
  const { reservation, tenantId, keyBudget } = media;
  if (reservation === undefined) return;
  const accounts = limitedAccounts(deps.limits, { tenantId, keyId: keyBudget?.keyId });
  const held = await Promise.all(accounts.map((account) => deps.budget.holds(account, reservation)));
  if (held.includes(false)) await reserve(deps, media, reservation);
}

/** Whether anything of an account is limited: if not, nothing of it is counted. */
export function isLimited(limits: AccountLimits): boolean {
  return Object.values(limits).some((limit) => limit !== undefined);
}

function refused({ log }: ReserveDeps, refusal: Refusal, scope: Scope, mills: number): Error {
  log.warn("start refused", { event: countedAs(refusal, scope), reason: refusal.reason, scope });
  switch (refusal.reason) {
    case "stopped":
      return new StartsStoppedError();
    case "over_budget":
      // What all tenants together have left is nobody's business but the owner's.
      return new OverBudgetError({
        priceMills: mills,
        leftMills: scope === "everybody" ? undefined : refusal.leftMills,
        renewsAt: refusal.renewsAt,
      });
    case "too_many_open":
    case "rate_limited":
      return new TooManyStartsError(refusal.reason, refusal.retryAfterSeconds);
  }
}

function countedAs({ reason }: Refusal, scope: Scope): LogEvent {
  if (reason === "stopped") return "start_refused_stopped";
  if (reason !== "over_budget") return "start_refused_limit";
  return scope === "everybody" ? "start_refused_global_cap" : "start_refused_tenant_cap";
}

interface SettleDeps {
  budget: Budget;
  records: MediaRecords;
  log: Log;
}

/**
 * Settles what was put aside for a generation that has ended: spent where its video was delivered, else given back.
 * Whatever fails here is left to the sweeper, which sees the record until it is done.
 */
export async function settle(deps: SettleDeps, media: Media): Promise<void> {
  const { reservation, phase } = media;
  if (reservation === undefined || phase === undefined || !isTerminal(phase)) return;
  const outcome = media.video ? "spent" : "refunded";
  try {
    await deps.budget.settle({ tenantId: media.tenantId }, reservation, outcome);
    await deps.budget.settle(EVERYBODY, reservation, outcome);
    if (media.keyBudget) await deps.budget.settle({ keyId: media.keyBudget.keyId }, reservation, outcome);
    await deps.records.forgetReservation(refOf(media), reservation);
  } catch (error) {
    deps.log.warn("reservation not settled, the sweeper will", { mediaId: media.id, error: String(error) });
  }
}

/**
 * Frees what was put aside and never used: its start died before the record was there, or came second.
 * @param until epoch milliseconds: what is left then is looked at some minutes later
 */
export async function freeAbandoned(deps: SettleDeps & { clock: Clock }, until: number): Promise<void> {
  const { budget, records, clock, log } = deps;
  const now = clock.now();
  const isOver = () => clock.now() >= until;
  for (const account of await budget.due(instant(now))) {
    if (isOver()) return;
    // Before anything is read: an account that cannot be read stands in the way of the others once, and not for ever.
    await budget.lookAgain(account, instant(now + LOOK_AGAIN_AFTER_MS));
    const waiting = (await budget.open(account)).filter(({ at }) => at <= now - ABANDONED_AFTER_MS);
    const faults = await forEachConcurrently(waiting, isOver, async ({ id, at, ...ref }) => {
      if ((await records.get(ref))?.reservation === id) return;
      // `at` moves when a replay takes the reservation up after all.
      const freed = await budget.settle(account, id, "refunded", at);
      if (freed) log.warn("an abandoned reservation was freed", { mediaId: ref.mediaId });
    });
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} reservations could not be looked at`);
  }
}
