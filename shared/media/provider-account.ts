// What is known of this deployment's account at fal: whether fal takes its jobs, and what is still to be said of that.
import { ACCOUNT_LOCKED, KEY_REFUSED } from "../kling/fal-answers.ts";
import type { Instant } from "./instant.ts";

/** Why fal takes no job of the account, whatever is asked for: nothing is wrong with a generation that meets one of them. */
export const HOLD_CODES = [ACCOUNT_LOCKED, KEY_REFUSED] as const;
export type HoldCode = (typeof HOLD_CODES)[number];

export function isHoldCode(code: string): code is HoldCode {
  return HOLD_CODES.some((it) => it === code);
}

/** fal has refused a submit for the account's sake: from then on one of those that wait asks, now and then. */
export interface AccountHold {
  code: HoldCode;
  since: Instant;
  /** No probe before this. */
  probeAt: Instant;
}

/** Said on the bus, once for each change. */
export interface AccountEvent {
  id: string;
  type: "Provider Account Held" | "Provider Account Released";
  code: HoldCode;
  /** When the hold began. */
  since: Instant;
  at: Instant;
}

export interface ProviderAccount {
  /** Rises with each change; 0 as long as nothing was ever noted. */
  version: number;
  hold?: AccountHold | undefined;
  /** Written with the change that they tell of, and not yet published. */
  outbox: AccountEvent[];
}
