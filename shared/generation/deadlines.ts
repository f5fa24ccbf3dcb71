// When time is up: for the job, for its video, for leaving a record to its workflow, and for a key.
import type { Media } from "../media/media.ts";
import { instant, type Instant } from "../media/instant.ts";

/**
 * A finished video gets this much longer than the deadline to reach our store. Nothing is open ten minutes after its
 * deadline: the tenth is for the look that ends it (at most 60 s after the one before) and its write.
 */
export const DELIVERY_GRACE_SECONDS = 540;

/** How long the sweeper leaves a record alone after its last move: longer than any step runs (finalize, 300 s) plus one poll. */
const SWEEP_AFTER_SECONDS = 360;

/** An Idempotency-Key is kept 30 days. */
export const KEY_KEPT_SECONDS = 30 * 24 * 3600;

/** Whether an instant lies behind us; one that is not set never does. */
export function passed(at: string | undefined, nowMs: number): boolean {
  return at !== undefined && nowMs >= Date.parse(at);
}

/** Epoch milliseconds after which nothing of this generation may be open. */
export function deliverBy(media: Pick<Media, "deadlineAt" | "updatedAt">): number {
  return Date.parse(media.deadlineAt ?? media.updatedAt) + DELIVERY_GRACE_SECONDS * 1000;
}

/**
 * When the sweeper looks at a record that is moved now: never later than its deadlines, so that it can end what
 * its workflow did not.
 */
export function nextSweep(media: Pick<Media, "deadlineAt" | "heldUntil" | "updatedAt">, nowMs: number): Instant {
  const ends = [media.heldUntil ?? [], media.deadlineAt ?? media.updatedAt].flat().map(Date.parse);
  const limits = [...ends, deliverBy(media)].filter((at) => at > nowMs);
  return instant(Math.min(nowMs + SWEEP_AFTER_SECONDS * 1000, ...limits));
}
