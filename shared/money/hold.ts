// Whether fal takes jobs of our account, shared by all generations: after a refusal we send one probe at a time, and its acceptance resumes the rest.
import { DETAIL_VERSION } from "../media/event-detail.ts";
import { instant } from "../media/instant.ts";
import type { Announcements, Clock, Gate, Log } from "../media/ports.ts";
import type { AccountEvent, AccountHold, HoldCode, ProviderAccount } from "../media/provider-account.ts";

export interface HoldDeps {
  gate: Gate;
  announcements: Announcements;
  clock: Clock;
  log: Log;
}

/** Every minute in the first hour. The sweeper, which wakes the probing generation, comes every minute and seldom to the second. */
const PROBE_AGAIN_MS = 55_000;
const OFTEN_FOR_MS = 3_600_000;
/** Later a person has been told, and fal unlocks within an hour of a payment (docs/runbook.md). */
const PROBE_LATER_MS = 10 * 60_000;

/** Other processes' changes come between a read and its write a few times at most: when many submits are refused at once. */
const TRIES = 10;

/** Whether one of the waiting generations may ask fal now. */
export function isProbeDue({ probeAt }: AccountHold, nowMs: number): boolean {
  return nowMs >= Date.parse(probeAt);
}

/**
 * Takes the one probe that is due. Of any number of processes that try only one gets it, and none gets the next within a minute.
 * @param seen the account as it was read
 */
export async function takeProbe({ gate, clock }: HoldDeps, seen: ProviderAccount): Promise<boolean> {
  const now = clock.now();
  if (!seen.hold || !isProbeDue(seen.hold, now)) return false;
  return gate.write(seen, { ...seen, hold: { ...seen.hold, probeAt: probeAfter(seen.hold.since, now) } });
}

/** fal takes no job of ours: from here on queued generations wait. Announced once, and again if the reason changes. */
export async function holdAccount(deps: HoldDeps, code: HoldCode): Promise<void> {
  await change(deps, ({ hold, outbox }, now) => {
    if (hold?.code === code) return undefined;
    const since = hold?.since ?? now;
    return {
      hold: { code, since, probeAt: hold?.probeAt ?? probeAfter(since, Date.parse(now)) },
      outbox: [...outbox, eventOf("Provider Account Held", code, since, now)],
    };
  });
}

/** fal has taken a job again. */
export async function releaseAccount(deps: HoldDeps): Promise<void> {
  const written = await change(deps, ({ hold, outbox }, now) => {
    if (!hold) return undefined;
    return { outbox: [...outbox, eventOf("Provider Account Released", hold.code, hold.since, now)] };
  });
  if (written) deps.log.info("fal takes our jobs again", { event: "provider_account_released" });
}

/** Publishes pending announcements. What the bus does not take stays for the sweeper. */
export async function announceAccount(deps: HoldDeps, seen: ProviderAccount): Promise<void> {
  for (const { id, type, code, since, at } of seen.outbox) {
    await deps.announcements.announce({ type, at, detail: { version: DETAIL_VERSION, id, code, since, at } });
  }
  const said = new Set(seen.outbox.map(({ id }) => id));
  if (said.size === 0) return;
  await write(deps, ({ hold, outbox }) => ({ hold, outbox: outbox.filter(({ id }) => !said.has(id)) }));
}

type Next = Omit<ProviderAccount, "version">;

/** Writes a change and announces it. @returns whether there was anything to change */
async function change(
  deps: HoldDeps,
  next: (seen: ProviderAccount, now: string) => Next | undefined,
): Promise<boolean> {
  const written = await write(deps, next);
  if (!written) return false;
  try {
    await announceAccount(deps, written);
  } catch (error) {
    deps.log.warn("the account's state is not on the bus, the sweeper will tell", { error: String(error) });
  }
  return true;
}

/** @returns the account as it was written; undefined where there is nothing to change */
async function write(
  { gate, clock }: HoldDeps,
  next: (seen: ProviderAccount, now: string) => Next | undefined,
): Promise<ProviderAccount | undefined> {
  for (let tried = 0; tried < TRIES; tried++) {
    const { account } = await gate.read();
    const wanted = next(account, instant(clock.now()));
    if (!wanted) return undefined;
    if (await gate.write(account, wanted)) return { ...wanted, version: account.version + 1 };
  }
  throw new Error(`What is known of the account at fal has changed ${TRIES} times under our hands.`);
}

function probeAfter(since: string, nowMs: number): string {
  const isLong = nowMs - Date.parse(since) >= OFTEN_FOR_MS;
  return instant(nowMs + (isLong ? PROBE_LATER_MS : PROBE_AGAIN_MS));
}

function eventOf(type: AccountEvent["type"], code: HoldCode, since: string, at: string): AccountEvent {
  // A hold is named by its beginning; its reason may change within.
  const change = type === "Provider Account Held" ? `held:${code}` : "released";
  return { id: `provider-account:${since}:${change}`, type, code, since, at };
}
