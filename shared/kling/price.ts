// What a generation costs at fal before it is started.
import { DURATIONS, KlingGenerationMode, klingMode, type Duration } from "./models.ts";

/** US dollars for one video of this mode and duration, by fal's price list. */
export function estimatedCostUsd(mode: KlingGenerationMode, duration: Duration): number {
  return klingMode(mode).priceUsd[duration];
}

/** The whole list. */
export function prices(): { mode: KlingGenerationMode; duration: Duration; usd: number }[] {
  return Object.values(KlingGenerationMode).flatMap((mode) =>
    DURATIONS.map((duration) => ({ mode, duration, usd: estimatedCostUsd(mode, duration) })),
  );
}
