// How long generations take here: what has finished lately, as two numbers that a person can plan with.
import { modeOf, type Media } from "./media.ts";
import { DURATIONS, KlingGenerationMode, type Duration } from "../kling/models.ts";
import type { Timings } from "./ports.ts";

export interface Timing {
  mode: KlingGenerationMode;
  duration: Duration;
  p50Seconds: number;
  p90Seconds: number;
  /** How many finished generations these are made of. */
  of: number;
}

/** Fewer say nothing. */
const ENOUGH = 5;
/** The newest of each kind: what was true last month says little of today's queue. */
const LATEST = 50;

/** Remembers how long a completed generation took, from the request to its video. */
export async function noteTiming(deps: { timings: Timings }, media: Media): Promise<void> {
  if (media.completedAt === undefined) return;
  const seconds = (Date.parse(media.completedAt) - Date.parse(media.createdAt)) / 1000;
  await deps.timings.add(
    { mode: modeOf(media), duration: media.duration },
    { mediaId: media.id, at: media.completedAt, seconds },
  );
}

/** Of every kind of generation of which five have finished: how long they took. */
export async function timings(deps: { timings: Timings }): Promise<Timing[]> {
  const kinds = Object.values(KlingGenerationMode).flatMap((mode) => DURATIONS.map((duration) => ({ mode, duration })));
  const known = await Promise.all(kinds.map(async (kind) => ({ kind, took: await deps.timings.latest(kind, LATEST) })));
  return known.flatMap(({ kind, took }) => {
    if (took.length < ENOUGH) return [];
    const sorted = took.toSorted((a, b) => a - b);
    return [{ ...kind, p50Seconds: percentile(sorted, 0.5), p90Seconds: percentile(sorted, 0.9), of: took.length }];
  });
}

/** Nearest rank: a number that was really measured. */
function percentile(sorted: number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
