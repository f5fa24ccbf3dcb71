// What a generation costs at fal before it is started.
import { klingMode, type Duration, type KlingGenerationMode } from "./modes.ts";

/** US dollars for one video of this mode and duration, by fal's price list. */
export function estimatedCostUsd(mode: KlingGenerationMode, duration: Duration): number {
  return klingMode(mode).priceUsd[duration];
}
