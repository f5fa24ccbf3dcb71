// Money: a price is put aside before anything is started, and spent or given back exactly once, whichever step ends the generation.
import { describeAccount, isSameAccount, type Account, type Scope } from "../media/account.ts";
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { OverBudgetError, StartsStoppedError, TooManyStartsError } from "../media/errors.ts";
import type { LogEvent } from "../media/log-events.ts";
import { refOf, type Media } from "../media/media.ts";
import { instant } from "../media/instant.ts";
import type { AccountLimits, Budget, Clock, Log, MediaRecords, Refusal, Reservation } from "../media/ports.ts";
import { isTerminal } from "../media/status.ts";
import { announceWarnings, type WarningDeps } from "./warnings.ts";

/** The spending limits; what is not set is not limited. */
export interface SpendingLimits {
  /** Of each tenant. */
  tenant: AccountLimits;
  /** Of each tenant, in a day. */
  tenantDay?: AccountLimits;
  /** Of each user of a tenant. */
  user?: AccountLimits;
  /** Of all of them together. */
  everybody: AccountLimits;
  /** The share of a cap from which on its owner is warned; undefined: never. */
  warningShare?: number;
}

/** The account of the whole deployment, beside one for each tenant. */
const EVERYBODY: Account = { everybody: true };

/**
 * A reservation that has no record by now never gets one: no start runs for longer than its function's 30 s, and the
 * clocks of the start and of the sweeper may each be wrong by five minutes.
 */
export const ABANDONED_AFTER_MS = 15 * 60_000;

/** Until it is freed it takes room from others: the sweeper looks at an account with anything open this often. */
const LOOK_AGAIN_AFTER_MS = 5 * 60_000;

/** Mills, thousandths of a US dollar: whole numbers, which add up. */
export function millsOf(usd: number): number {
  return Math.round(usd * 1000);
}

/** The period of an account that a moment counts to: `2026-11`, or `2026-11-28` where it has days. UTC. */
export function periodOf(account: Account, nowMs: number): string {
  return instant(nowMs).slice(0, "day" in account ? 10 : 7);
}

/** Epoch milliseconds at which the calendar minute that starts are counted in is over. */
export function endOfMinute(nowMs: number): number {
  return (Math.floor(nowMs / 60_000) + 1) * 60_000;
}

/** What a cap still holds. */
export function leftOf(capMills: number, committedMills: number): number {
  return Math.max(0, capMills - committedMills);
}

/** When the budget of a month or of a day is whole again. */
export function renewalOf(period: string): string {
  const [year = 0, month = 0, day] = period.split("-").map(Number);
  return instant(day === undefined ? Date.UTC(year, month) : Date.UTC(year, month - 1, day + 1));
}

interface ReserveDeps {
  budget: Budget;
  limits: SpendingLimits;
  clock: Clock;
  log: Log;
}

/** A price that is put aside, and the accounts that hold it. */
interface Held {
  reservation: Reservation;
  accounts: Account[];
}

/**
 * Puts the price of a generation aside in every account that is limited, one conditional write each: the deployment's
 * first, then its tenant's. Where nothing is limited, nothing is written: only the kill switch is read.
 * If one write fails, those before it are given back.
 * @param id names the reservation; a repeated call with the same id counts once
 * @returns what was put aside, so that it has to be settled; undefined where nothing is limited
 * @throws StartsStoppedError, OverBudgetError, TooManyStartsError
 */
export async function reserve(deps: ReserveDeps, media: Media, id: string): Promise<Held | undefined> {
  const { budget, limits, clock } = deps;
  const mills = millsOf(media.estimatedCostUsd ?? 0);
  const reservation: Reservation = { id, ...refOf(media), mills, at: clock.now() };
  const accounts: Account[] = [];
  try {
    if (!isLimited(limits.everybody) && (await budget.isStopped())) {
      throw refused(deps, { reason: "stopped" }, EVERYBODY, mills);
    }
    for (const { account, limits: allowed } of limitedAccounts(limits, media)) {
      accounts.push(account);
      const answer = await budget.reserve(account, reservation, allowed);
      accounts.pop();
      if (answer.reason !== undefined) throw refused(deps, answer, account, mills);
      accounts.push(answer.account);
    }
  } catch (error) {
    await giveBack(deps, { reservation, accounts });
    throw error;
  }
  return accounts.length > 0 ? { reservation, accounts } : undefined;
}

/** The accounts that a price is put aside in, in this order, and what each of them allows. */
function limitedAccounts(
  { everybody, tenant, tenantDay = {}, user = {}, warningShare }: SpendingLimits,
  { tenantId, uploadedBy: userId, keyBudget }: Media,
): { account: Account; limits: AccountLimits }[] {
  return [
    { account: EVERYBODY, limits: everybody },
    { account: { tenantId }, limits: tenant },
    { account: { tenantId, day: true as const }, limits: tenantDay },
    { account: { tenantId, userId }, limits: user },
    ...(keyBudget ? [{ account: { keyId: keyBudget.keyId }, limits: { capMills: keyBudget.monthlyCapMills } }] : []),
  ]
    .filter(({ limits }) => isLimited(limits))
    .map(({ account, limits }) => ({ account, limits: { ...limits, ...(warningShare && { warningShare }) } }));
}

/** Gives back the reservation of a start that was not carried out; the sweeper frees what cannot be given back. */
export async function giveBack({ budget, log }: ReserveDeps, { reservation, accounts }: Held): Promise<void> {
  for (const account of accounts) {
    try {
      await budget.withdraw(account, reservation);
    } catch (error) {
      log.warn("reservation not given back, the sweeper will", { mediaId: reservation.mediaId, error: String(error) });
    }
  }
}

/** The record's attributes for the price that is put aside for it. */
export function recorded(putAside: Held | undefined): Pick<Media, "reservation" | "reservedWith"> {
  return putAside ? { reservation: putAside.reservation.id, reservedWith: putAside.accounts } : {};
}

/** The accounts that hold a record's reservation: those it names, whatever is limited by now. */
function reservedWith({ reservedWith: accounts, tenantId, keyBudget }: Media): Account[] {
  // Versions that named none knew these three, and one that holds nothing has nothing to settle.
  return accounts ?? [{ tenantId }, EVERYBODY, ...(keyBudget ? [{ keyId: keyBudget.keyId }] : [])];
}

/**
 * Puts the price of a saved record aside anew where its start, which was answered with an error, has given it back.
 * @returns what the record must say of it from now on
 * @throws as `reserve`
 */
export async function keepReserved(deps: ReserveDeps, media: Media): Promise<Pick<Media, "reservedWith">> {
  const { reservation } = media;
  if (reservation === undefined) return {};
  const named = reservedWith(media);
  const held = await Promise.all(named.map((account) => deps.budget.holds(account, reservation)));
  if (!held.includes(false)) return {};
  const { accounts = [] } = (await reserve(deps, media, reservation)) ?? {};
  return { reservedWith: [...named, ...accounts.filter((it) => !named.some((one) => isSameAccount(one, it)))] };
}

/** Whether anything of an account is limited: if not, nothing of it is counted. */
export function isLimited(limits: AccountLimits): boolean {
  return Object.values(limits).some((limit) => limit !== undefined);
}

function refused({ log }: ReserveDeps, refusal: Refusal, account: Account, mills: number): Error {
  const { scope, cap } = describeAccount(account);
  log.warn("start refused", { event: countedAs(refusal, scope), reason: refusal.reason, scope });
  switch (refusal.reason) {
    case "stopped":
      return new StartsStoppedError();
    case "over_budget": {
      // What all tenants together have left is the owner's business alone.
      const { leftMills, renewsAt } = refusal;
      return new OverBudgetError({ cap, priceMills: mills, renewsAt, ...(scope !== "everybody" && { leftMills }) });
    }
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
 * What fails here is left to the sweeper, which sees the record until it is settled.
 */
export async function settle(deps: SettleDeps, media: Media): Promise<void> {
  const { reservation, phase } = media;
  if (reservation === undefined || phase === undefined || !isTerminal(phase)) return;
  const outcome = media.video ? "spent" : "refunded";
  try {
    for (const account of reservedWith(media)) await deps.budget.settle(account, reservation, outcome);
    await deps.records.forgetReservation(refOf(media), reservation);
  } catch (error) {
    deps.log.warn("reservation not settled, the sweeper will", { mediaId: media.id, error: String(error) });
  }
}

export interface AccountSweepDeps extends SettleDeps, WarningDeps {
  budget: Budget;
  clock: Clock;
}

/**
 * Announces the warnings that wait, and frees reservations that were never used: their start died before the record was
 * saved, or came second.
 * @param until epoch milliseconds: what is left then is handled some minutes later
 */
export async function sweepAccounts(deps: AccountSweepDeps, until: number): Promise<void> {
  const { budget, records, clock, log } = deps;
  const now = clock.now();
  const isOver = () => clock.now() >= until;
  for (const account of await budget.due(instant(now))) {
    if (isOver()) return;
    // Before anything is read, so that an unreadable account delays the others once, and not for ever.
    await budget.lookAgain(account, instant(now + LOOK_AGAIN_AFTER_MS));
    await announceWarnings(deps, account);
    const waiting = (await budget.open(account)).filter(({ at }) => at <= now - ABANDONED_AFTER_MS);
    const faults = await forEachConcurrently(waiting, isOver, async ({ id, at, ...ref }) => {
      const media = await records.get(ref);
      if (media?.reservation === id && reservedWith(media).some((it) => isSameAccount(it, account))) return;
      // `at` moves when a replay takes the reservation up after all.
      const freed = await budget.settle(account, id, "refunded", at);
      if (freed) log.warn("an abandoned reservation was freed", { mediaId: ref.mediaId });
    });
    if (faults.length > 0) throw new AggregateError(faults, `${faults.length} reservations could not be looked at`);
  }
}
