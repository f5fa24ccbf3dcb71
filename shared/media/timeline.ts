// The moves of a generation as its owner may read them: when it came to which phase, kept with the record and bounded.
import type { Instant } from "./instant.ts";
import type { Phase } from "./status.ts";

/** One move from a phase to another. */
export interface TimelineEntry {
  at: Instant;
  /** The phase that it came to. */
  phase: Phase;
  /** The claim that it is about, counted from 1: with a busy fal there are several. */
  attempt?: number | undefined;
}

/** Of a generation that is put off and claimed again for a day the first and the latest moves are kept. */
const FIRST_KEPT = 10;
const LATEST_KEPT = 30;

/** The timeline with one more move, at most 40 of them: the first 10 and the latest 30. */
export function withMove(timeline: readonly TimelineEntry[] = [], entry: TimelineEntry): TimelineEntry[] {
  const all = [...timeline, entry];
  if (all.length <= FIRST_KEPT + LATEST_KEPT) return all;
  return [...all.slice(0, FIRST_KEPT), ...all.slice(-LATEST_KEPT)];
}
