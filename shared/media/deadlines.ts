// When time is up: for the job, and for its video.
import type { Media } from "./media.ts";

/** A finished video gets this much longer than the deadline to reach our store. */
export const DELIVERY_GRACE_SECONDS = 600;

/** Whether an instant lies behind us; one that is not set never does. */
export function passed(at: string | undefined, nowMs: number): boolean {
  return at !== undefined && nowMs >= Date.parse(at);
}

/** Epoch milliseconds after which nothing of this generation may be open. */
export function deliverBy(media: Media): number {
  return Date.parse(media.deadlineAt ?? media.updatedAt) + DELIVERY_GRACE_SECONDS * 1000;
}
