// What the world itself knows of money, and what must hold of it: who holds how much of which cap, and when nothing may begin.
import type { Actor } from "./gate.ts";
import { isRecord, isTerminal, type Fact, type Invariant } from "./invariants.ts";
import type { Item, StoredItem } from "./simulated-aws.ts";
import type { Job } from "./simulated-fal.ts";
import type { World } from "./world.ts";

/** What an operator allows. Mills: thousandths of a US dollar. */
export interface Limits {
  tenantCapMills?: number;
  dayCapMills?: number;
  userCapMills?: number;
  globalCapMills?: number;
  maxOpen?: number;
  startsPerMinute?: number;
}

/** fal's price list, mills by model and seconds: written down a second time, not imported from the code. */
const PRICES: Record<string, Record<string, number>> = {
  standard: { "5": 280, "10": 560 },
  pro: { "5": 490, "10": 980 },
  master: { "5": 1400, "10": 2800 },
};

/** What the caller who starts a generation says of it. */
interface Wish {
  mode?: string;
  duration?: string;
}

/** A price that was put aside, as the world has seen it. */
interface Promised {
  mills: number;
  /** The month or day it is committed in, by account: a clock may be wrong between two writes. */
  periods: Map<string, string>;
}

type Write = Extract<Fact, { kind: "write" }>;

/** The sweeper frees what is older than 15 minutes, looks every five, and then comes its next minute. */
const FREED_AFTER_MS = 22 * 60_000;

/** Of a cap, from which on its owner is warned. */
const WARNING_SHARE = 0.8;
/** The sweeper looks at the next minute and, where the bus took nothing, five minutes later. */
const WARNED_AFTER_MS = 8 * 60_000;

export class Money {
  /** Counts every time that the kill switch was thrown. */
  stops = 0;
  readonly #world: World;
  readonly #promised = new Map<string, Promised>();
  /** What is put aside for a record: the latest, by the record's id. */
  readonly #reservations = new Map<string, string>();
  /** The accounts that a record names, by its id: what it forgets once it is settled. */
  readonly #heldWith = new Map<string, string[]>();
  /** Starts by tenant and minute. */
  readonly #starts = new Map<string, number>();
  /** Warnings by their account, period and cap, as they were written. */
  readonly #warnings = new Set<string>();
  /** The moment from which on nothing may begin. */
  #stoppedSince: number | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get accounts(): StoredItem[] {
    return this.#world.aws.accounts;
  }

  /** Every write is seen before the invariants are held against it. */
  note({ before, after, by }: Write): void {
    if (isRecord(after) && after.reservation !== undefined) {
      this.#reservations.set(after.id, after.reservation);
      this.#heldWith.set(after.id, (after.reservedWith ?? []).map(partitionOf));
    }
    if (!isAccount(after)) return;
    for (const id of newEntries(before, after)) {
      const promised = this.#promised.get(id) ?? { mills: this.#askedOf(by), periods: new Map<string, string>() };
      const now = new Date(this.#world.now() + this.#world.skewOf(by)).toISOString();
      const period = now.slice(0, scopeOf(after) === "day" ? 10 : 7);
      // Never an older one than others have begun.
      promised.periods.set(after.pk, before?.period !== undefined && before.period > period ? before.period : period);
      this.#promised.set(id, promised);
    }
    if (after.stopped && this.#stoppedSince === undefined) {
      this.#stoppedSince = this.#world.gate.moment;
      this.stops++;
    }
    if (!after.stopped && isEverybodys(after)) this.#stoppedSince = undefined;
  }

  /** Whether the switch was thrown before this moment, and has not been taken back since. */
  isStoppedSince(moment: number): boolean {
    return this.#stoppedSince !== undefined && this.#stoppedSince <= moment;
  }

  /** A warning was written. @returns whether it is the first of its account, period and cap */
  isFirstWarning(account: StoredItem, id: string): boolean {
    const name = `${account.pk} ${id}`;
    return !this.#warnings.has(name) && this.#warnings.add(name) !== undefined;
  }

  promised(reservation: string): Promised | undefined {
    return this.#promised.get(reservation);
  }

  reservationOf(mediaId: string): string | undefined {
    return this.#reservations.get(mediaId);
  }

  /** The price of what an invocation was asked for: in a body, in an event, or by the record that is delivered anew. */
  #askedOf({ event }: Actor): number {
    const { body, detail, mediaId = "" } = event as { body?: string; detail?: Wish; mediaId?: string };
    if (body !== undefined) return priceOf(JSON.parse(body) as Wish);
    const record = this.#world.record(mediaId);
    return priceOf(detail ?? (record && this.#world.intentOf(record)?.body) ?? {});
  }

  /** What fal bills for a job. */
  priceOfJob({ endpoint, input }: Job): number {
    return priceOf({ mode: endpoint.split("/").at(-2) ?? "", duration: String(input["duration"]) });
  }

  /** Mills of the account's month or day, counted anew: what is put aside, and what is being made or was delivered without that. */
  heldOf(account: StoredItem): number {
    const { open = {}, period } = account;
    const inPeriod = (id: string) => {
      const promised = this.#promised.get(id);
      return promised?.periods.get(account.pk) === period ? (promised?.mills ?? 0) : 0;
    };
    const held = this.#world
      .records()
      .filter((record) => this.isHeld(record) && this.#heldWith.get(record.id)?.includes(account.pk))
      .flatMap(({ id }) => this.#reservations.get(id) ?? [])
      .filter((id) => !(id in open));
    return [...Object.keys(open), ...held].reduce((sum, id) => sum + inPeriod(id), 0);
  }

  /** Everybody's month: what all shards hold of it. */
  heldByAll(period: string): number {
    const shards = this.accounts.filter((account) => scopeOf(account) === "shard" && account.period === period);
    return shards.reduce((sum, shard) => sum + this.heldOf(shard), 0);
  }

  /** The scopes of the accounts that hold a reservation, as the accounts themselves have told. */
  scopesOf(reservation: string | undefined): (Scope | undefined)[] {
    const { periods } = (reservation === undefined ? undefined : this.promised(reservation)) ?? { periods: new Map() };
    const scopes = this.accounts.filter(({ pk }) => periods.has(pk)).map(scopeOf);
    return scopes.map((scope) => (scope === "shard" ? "everybody" : scope));
  }

  /** Its price is part of the sum: it is being made, or was delivered. */
  isHeld(record: StoredItem): boolean {
    if (!isTerminal(record)) return true;
    return (
      record.phase === "completed" || (record.phase === "deleted" && this.#world.ended.get(record.id) === "completed")
    );
  }

  /** Counts a start. @returns how many this minute has seen with it */
  countStart(tenantId: string): number {
    const minute = `${tenantId} ${Math.floor(this.#world.now() / 60_000)}`;
    const starts = (this.#starts.get(minute) ?? 0) + 1;
    this.#starts.set(minute, starts);
    return starts;
  }

  /** When nothing disturbs what is left in an account any more. */
  freedBy(at: number, mediaId: string): number {
    const record = this.#world.record(mediaId);
    return Math.max(at, this.#world.quietSince, record ? this.#world.settledBy(record) : 0) + FREED_AFTER_MS;
  }
}

export const MONEY: Invariant = {
  says: "What is committed and open never exceeds a cap, each price is settled once, and nothing begins after the kill switch.",
  on: {
    write(fact, world, check) {
      const { before, after, by } = fact;
      const { money } = world;
      const limits = world.settings.limits ?? {};
      if (isAccount(after)) holdAccount(fact, world, check);
      else if (!isRecord(after)) return;
      if (isRecord(after) && !before) {
        const late = money.isStoppedSince(by.bornAt);
        check(!late, () => `${after.id} was begun by ${by.name}, which was called after the kill switch`);
        const [wanted, put] = [limitedScopes(limits), money.scopesOf(after.reservation)];
        const isRight = wanted.length === put.length && wanted.every((scope) => put.includes(scope));
        check(isRight, () => `${after.id} was begun with its price in [${put.join()}], and not in [${wanted.join()}]`);
      }
      for (const account of money.accounts) {
        if (account.period === undefined || isEverybodys(account)) continue;
        const [held, counted] = [money.heldOf(account), committedIn(account)];
        check(held === counted, () => `${account.pk} has committed ${counted}, and it is ${held}`);
        const cap = capOf(account, limits);
        if (cap !== undefined) check(held <= cap, () => `${account.pk} holds ${held} of ${cap}`);
      }
    },
    submit({ mediaId, by }, world, check) {
      const late = by !== undefined && world.money.isStoppedSince(by.workedAt);
      check(!late, () => `${mediaId} was submitted, and was still being prepared when the kill switch was thrown`);
    },
    accepted({ job }, world, check) {
      const reservation = world.money.reservationOf(job.mediaId ?? "");
      if (reservation === undefined) return;
      const [price, promised] = [world.money.priceOfJob(job), world.money.promised(reservation)?.mills];
      check(price === promised, () => `${job.mediaId} costs ${price} at fal, and ${promised} was put aside`);
    },
  },
  always(world, check) {
    for (const account of world.money.accounts) {
      for (const [id, { at }] of Object.entries(account.warnings ?? {})) {
        const until = Math.max(Date.parse(at), world.quietSince, world.busBackAt) + WARNED_AFTER_MS;
        check(world.now() <= until, () => `no event said that ${account.pk} has reached its share in ${id}`);
      }
      for (const [id, { mediaId, at }] of Object.entries(account.open ?? {})) {
        const record = world.record(mediaId);
        const inUse = record && !isTerminal(record) && world.money.reservationOf(mediaId) === id;
        const inTime = inUse || world.now() <= world.money.freedBy(at, mediaId);
        check(inTime, () => `${id} is still open in ${account.pk}, and ${mediaId} is ${record?.phase ?? "not there"}`);
      }
    }
  },
};

function holdAccount(
  { before, after, by }: Write,
  world: World,
  check: Parameters<NonNullable<Invariant["always"]>>[1],
): void {
  const { money } = world;
  const { maxOpen, startsPerMinute, ...limits } = world.settings.limits ?? {};
  const [mine, open] = [scopeOf(after) === "tenant", Object.values(after.open ?? {})];
  const cap = capOf(after, limits);
  const committed = committedIn(after);
  const everybody = money.accounts.find(isEverybodys);
  if (everybody?.period !== undefined) holdShards(everybody, money, check, limits.globalCapMills);
  if (cap !== undefined) check(committed <= cap, () => `${after.pk} has committed ${committed} of ${cap}`);
  if (cap !== undefined && committed >= cap * WARNING_SHARE && scopeOf(after) !== "shard") {
    const isWarned = after.warned === `${after.period}/${cap}`;
    check(isWarned, () => `${after.pk} has committed ${committed} of ${cap}, and its owner is not warned`);
  }
  for (const [id, { committedMills }] of Object.entries(after.warnings ?? {})) {
    if (id in (before?.warnings ?? {})) continue;
    check(money.isFirstWarning(after, id), () => `the owner of ${after.pk} is warned of ${id} once more`);
    check(committedMills >= (cap ?? 0) * WARNING_SHARE, () => `${after.pk}: a warning of ${committedMills} of ${cap}`);
  }
  for (const id of Object.keys(before?.warnings ?? {}).filter((it) => !(it in (after.warnings ?? {})))) {
    const heard = world.aws.published.some(
      ({ type, detail }) => type === "Budget Warning" && tellsOf(detail, after, id),
    );
    check(heard, () => `the bus has not heard that ${after.pk} has reached its share in ${id}`);
  }
  if (mine && maxOpen !== undefined) check(open.length <= maxOpen, () => `${after.pk} has ${open.length} open`);
  for (const id of newEntries(before, after)) {
    const [price, put] = [money.promised(id)?.mills, after.open?.[id]?.mills];
    check(price === put, () => `${id} costs ${price}, and ${put} was put aside in ${after.pk}`);
    check(!after.stopped, () => `${id} was put aside in ${after.pk} after the kill switch`);
    if (!mine || startsPerMinute === undefined || world.isSkewed) continue;
    const starts = money.countStart(after.pk);
    check(starts <= startsPerMinute, () => `${by.name} made the start ${starts} of a minute in ${after.pk}`);
  }
}

export function isAccount({ sk }: { sk: string }): boolean {
  return sk === "BUDGET";
}

/** Of everybody's account. */
export function isShard({ pk }: { pk: string }): boolean {
  return pk.startsWith("BUDGET#");
}

export function isEverybodys({ pk }: { pk: string }): boolean {
  return pk === "BUDGET";
}

/** What is in the account now and was not. */
function newEntries(before: StoredItem | undefined, { open = {} }: StoredItem): string[] {
  return Object.keys(open).filter((id) => !(id in (before?.open ?? {})));
}

/** What is lent is what shards have borrowed and not returned, and they hold no more than that: of any month, no more than the cap. */
function holdShards(
  everybody: StoredItem,
  money: Money,
  check: Parameters<NonNullable<Invariant["always"]>>[1],
  cap: number | undefined,
): void {
  const { period = "", monthCommitted: lent = 0, leases = {} } = everybody;
  const ofMonth = Object.entries(leases).filter(([, lease]) => lease.period === period);
  const sum = ofMonth.reduce((total, [, { borrowed, returned }]) => total + borrowed - returned, 0);
  check(sum === lent, () => `${sum} are lent to the shards, and ${lent} are counted`);
  for (const shard of money.accounts.filter((account) => scopeOf(account) === "shard" && account.period === period)) {
    const { borrowed = 0, returned = 0 } = leases[shard.pk.replace("BUDGET#", "")] ?? {};
    const isBacked = (shard.borrowed ?? 0) <= borrowed && (shard.returned ?? 0) >= returned && (shard.room ?? 0) >= 0;
    check(isBacked, () => `${shard.pk} has borrowed ${shard.borrowed} of the ${borrowed} that it was lent`);
  }
  const held = money.heldByAll(period);
  if (cap !== undefined) check(held <= cap, () => `everybody together holds ${held} of ${cap}`);
}

/** Mills of its period that an account says are spent or put aside. */
function committedIn({ monthCommitted, borrowed, returned = 0, room = 0 }: StoredItem): number {
  return monthCommitted ?? (borrowed ?? 0) - returned - room;
}

type Scope = "shard" | "everybody" | "tenant" | "day" | "user";

/** By the account's key, as docs/reliability.md has it; undefined: it is none that the world knows. */
function scopeOf({ pk }: { pk: string }): Scope | undefined {
  if (isEverybodys({ pk })) return "everybody";
  if (isShard({ pk })) return "shard";
  const [, part] = /^TENANT#[^#]+(#DAY|#USER#[^#]+)?#BUDGET$/.exec(pk) ?? [];
  if (part === undefined) return pk.startsWith("TENANT#") ? "tenant" : undefined;
  return part === "#DAY" ? "day" : "user";
}

/** The key of an account that a record names. */
function partitionOf({ shard, tenantId, day, userId }: NonNullable<StoredItem["reservedWith"]>[number]): string {
  if (tenantId === undefined) return shard === undefined ? "BUDGET" : `BUDGET#${shard}`;
  const part = day ? "#DAY" : userId === undefined ? "" : `#USER#${Buffer.from(userId).toString("base64url")}`;
  return `TENANT#${encodeURIComponent(tenantId)}${part}#BUDGET`;
}

/** Whether an event tells of this warning. */
function tellsOf({ tenantId, cap, period, capUsd }: Item, account: StoredItem, id: string): boolean {
  const [scope = "tenant", caps] = [
    scopeOf(account),
    { shard: "", everybody: "GLOBAL_MONTHLY", tenant: "MONTHLY", day: "DAILY", user: "USER_MONTHLY" },
  ];
  const isItsOwn = tenantId === undefined || account.pk.startsWith(`TENANT#${encodeURIComponent(tenantId as string)}#`);
  return (
    cap === `${caps[scope]}_CAP_USD` && isItsOwn && `${String(period)}/${Math.round(Number(capUsd) * 1000)}` === id
  );
}

function capOf(account: StoredItem, limits: Limits): number | undefined {
  const { globalCapMills: everybody, tenantCapMills: tenant, dayCapMills: day, userCapMills: user } = limits;
  const scope = scopeOf(account);
  return scope && { shard: everybody, everybody, tenant, day, user }[scope];
}

/** What a start puts its price aside with. */
function limitedScopes({ globalCapMills, dayCapMills, userCapMills, ...ofTenant }: Limits): Scope[] {
  return [
    ...(globalCapMills === undefined ? [] : ["everybody" as const]),
    ...(Object.keys(ofTenant).length > 0 ? ["tenant" as const] : []),
    ...(dayCapMills === undefined ? [] : ["day" as const]),
    ...(userCapMills === undefined ? [] : ["user" as const]),
  ];
}

function priceOf({ mode = "standard", duration = "5" }: Wish): number {
  return PRICES[mode]?.[duration] ?? NaN;
}
