// What a generation costs at fal before it is started.
import type { Duration, KlingGenerationMode, KlingRow } from "./models.ts";

/** US dollars for one video of a row, by fal's price list. */
export function estimatedCostUsd(row: KlingRow, { duration, audio }: { duration: Duration; audio: boolean }): number {
  return row.priceMills({ seconds: Number(duration), audio, resolution: row.resolution }) / 1000;
}

/** With and without sound, as far as a row leaves the choice. */
export function soundsOf({ audio }: KlingRow): boolean[] {
  return { none: [false], optional: [false, true], always: [true] }[audio];
}

export interface Price {
  model: string;
  mode: KlingGenerationMode;
  duration: Duration;
  audio: boolean;
  usd: number;
}

/** The whole list. */
export function prices(rows: readonly KlingRow[]): Price[] {
  return rows.flatMap((row) =>
    soundsOf(row).flatMap((audio) =>
      row.durations.map((seconds) => {
        const duration = String(seconds);
        return { model: row.model, mode: row.mode, duration, audio, usd: estimatedCostUsd(row, { duration, audio }) };
      }),
    ),
  );
}
