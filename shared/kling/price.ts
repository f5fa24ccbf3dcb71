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
  analysisUsd: number;
}

/** US dollars a second of video, at fal: its model that describes, and each frame that is taken (fal.ai model pages). */
const DESCRIPTION_USD_PER_SECOND = 0.002;
const FRAME_USD_PER_SECOND = 0.0002;
/** The first is the poster; WorkflowAI's agent sees the middle and the last too. */
const FRAMES = 3;

/** US dollars at most that fal bills beside the video: for describing it, and for its frames. */
function analysisCostUsd(duration: Duration): number {
  return Math.round(Number(duration) * (DESCRIPTION_USD_PER_SECOND + FRAMES * FRAME_USD_PER_SECOND) * 1e6) / 1e6;
}

/** The whole list. */
export function prices(rows: readonly KlingRow[]): Price[] {
  return rows.flatMap((row) =>
    soundsOf(row).flatMap((audio) =>
      row.durations.map((seconds) => {
        const duration = String(seconds);
        const usd = estimatedCostUsd(row, { duration, audio });
        return { model: row.model, mode: row.mode, duration, audio, usd, analysisUsd: analysisCostUsd(duration) };
      }),
    ),
  );
}
