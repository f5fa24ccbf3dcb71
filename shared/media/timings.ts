// How long generations take here: p50 and p90 of those that finished lately.
import { modelOf, modeOf, type Media } from "./media.ts";
import type { Duration, KlingGenerationMode, KlingRow } from "../kling/models.ts";
import type { Timings, Took } from "./ports.ts";

export interface Timing {
  model: string;
  mode: KlingGenerationMode;
  duration: Duration;
  p50Seconds: number;
  p90Seconds: number;
  /** How many finished generations these are made of. */
  of: number;
}

/** Fewer say nothing. */
const ENOUGH = 5;
/** The newest of each model and mode: what was true last month says little of today's queue. */
const LATEST = 200;

/** Remembers how long a completed generation took, from the request to its video. */
export async function noteTiming(deps: { timings: Timings }, media: Media): Promise<void> {
  if (media.completedAt === undefined) return;
  const seconds = (Date.parse(media.completedAt) - Date.parse(media.createdAt)) / 1000;
  await deps.timings.add(
    { model: modelOf(media), mode: modeOf(media) },
    { mediaId: media.id, at: media.completedAt, duration: media.duration, seconds },
  );
}

/** Of every kind of generation of which five have finished lately: how long they took. */
export async function timings(deps: { timings: Timings }, rows: readonly KlingRow[]): Promise<Timing[]> {
  const known = await Promise.all(
    rows.map(async (row) => ({ row, took: await deps.timings.latest({ model: row.model, mode: row.mode }, LATEST) })),
  );
  return known.flatMap(({ row: { model, mode, durations }, took }) =>
    durations.flatMap((seconds) => {
      const duration = String(seconds);
      const timing = timingOf(took.filter((it) => it.duration === duration));
      return timing ? [{ model, mode, duration, ...timing }] : [];
    }),
  );
}

function timingOf(took: Took[]): Pick<Timing, "p50Seconds" | "p90Seconds" | "of"> | undefined {
  if (took.length < ENOUGH) return undefined;
  const sorted = took.map(({ seconds }) => seconds).sort((a, b) => a - b);
  return { p50Seconds: percentile(sorted, 0.5), p90Seconds: percentile(sorted, 0.9), of: took.length };
}

/** Nearest rank: a number that was really measured. */
function percentile(sorted: number[], share: number): number {
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}
