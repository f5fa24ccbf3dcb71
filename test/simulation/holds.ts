// What the world itself knows of an account that fal has locked: who may ask, and that what waits is neither lost nor forgotten.
import type { Actor } from "./gate.ts";
import { isRecord, type Fact, type Invariant } from "./invariants.ts";
import { isAccount, isEverybodys } from "./money.ts";
import type { StoredItem } from "./simulated-aws.ts";
import type { World } from "./world.ts";

/** The codes of an account's faults, written down a second time from the paper. */
const HOLD_CODES = ["provider_account_locked", "provider_key_refused"];
/** One probe a minute; the sweeper's minute is not to the second. */
const PROBES_APART_MS = 50_000;
/** The sweeper comes every minute; a step that fails is tried for some seconds. */
const WOKEN_WITHIN_MS = 300_000;

type Write = Extract<Fact, { kind: "write" }>;

export class Holds {
  /** The moment of the gate at which the account was noted as held; undefined while fal takes jobs. */
  #heldSince: number | undefined;
  /** Virtual time at which the latest hold ended. */
  releasedAt = 0;
  /** The latest turn to ask: whose, when it was taken, and whether it was used. */
  #turn: { by: Actor; at: number; isUsed: boolean } | undefined;
  /** Between the latest two turns. */
  turnsApartMs = Infinity;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  get account(): StoredItem["providerAccount"] {
    return this.#world.aws.accounts.find(isEverybodys)?.providerAccount;
  }

  get isHeld(): boolean {
    return this.account?.hold !== undefined;
  }

  /** Whether it was noted as held before this moment, and is. */
  isHeldSince(moment: number): boolean {
    return this.#heldSince !== undefined && this.#heldSince <= moment;
  }

  /** Every write is seen before the invariants are held against it. */
  note({ before, after, by }: Write): void {
    if (!isAccount(after) || !isEverybodys(after)) return;
    const [then, now] = [before?.providerAccount?.hold, after.providerAccount?.hold];
    if (!now) {
      if (then) this.releasedAt = this.#world.now();
      this.#heldSince = undefined;
      return;
    }
    this.#heldSince ??= this.#world.gate.moment;
    if (!then || then.probeAt === now.probeAt) return;
    const at = this.#world.now();
    this.turnsApartMs = at - (this.#turn?.at ?? -Infinity);
    this.#turn = { by, at, isUsed: false };
  }

  /** Uses the turn of who asks. @returns whether there was one */
  useTurn(by: Actor | undefined): boolean {
    if (!this.#turn || this.#turn.by !== by || this.#turn.isUsed) return false;
    this.#turn.isUsed = true;
    return true;
  }
}

export const PROBES: Invariant = {
  says: "While fal's account is held one probe a minute leaves us, by whose turn it is.",
  on: {
    write({ by, before, after }, world, check) {
      const [then, now] = [before?.providerAccount?.hold, after.providerAccount?.hold];
      if (!then || !now || then.probeAt === now.probeAt || world.isSkewed) return;
      const { turnsApartMs: apart } = world.holds;
      check(apart >= PROBES_APART_MS, () => `${by.name} took a turn to ask ${apart / 1000} s after the one before`);
    },
    submit({ mediaId, by }, world, check) {
      const isProbe = by !== undefined && world.holds.isHeldSince(by.workedAt);
      if (isProbe) check(world.holds.useTurn(by), () => `${mediaId} was submitted though the account is held`);
    },
  },
};

export const WAITING: Invariant = {
  says: "What waits for the account is not failed before its hold is over, and goes on when fal takes jobs again.",
  on: {
    write({ before, after, by }, world, check) {
      if (!isRecord(after) || after.phase !== "failed" || before?.phase === "failed") return;
      if (after.requestId !== undefined || !HOLD_CODES.includes(after.error?.code ?? "")) return;
      const over = after.heldUntil !== undefined && world.now() + world.skewOf(by) >= Date.parse(after.heldUntil);
      check(over, () => `${after.id} was failed as ${after.error?.code}, and may wait until ${after.heldUntil}`);
    },
  },
  always(world, check) {
    const waiting = world.records().filter(({ phase, hold }) => phase === "queued" && hold !== undefined);
    if (waiting.length === 0 || world.holds.isHeld || world.startsNothing) return;
    const by = Math.max(world.holds.releasedAt, world.quietSince) + WOKEN_WITHIN_MS;
    for (const { id } of waiting) check(world.now() <= by, () => `${id} waits, and fal takes jobs again`);
  },
};
