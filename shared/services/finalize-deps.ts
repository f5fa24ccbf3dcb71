// The dependencies of the step that finalizes.
import { readVideoFacts } from "../adapters/mp4-facts.ts";
import * as kling from "../kling.ts";
import { checkedFetch } from "./checked-fetch.ts";
import { describer } from "./describer.ts";
import { mediaFiles } from "./media-files.ts";
import { ledger } from "./ledger.ts";
import { moveDeps } from "./move-deps.ts";
import { timingsStore } from "./timings.ts";
import { videoFrames } from "./video-frames.ts";
import type { FinalizeDeps } from "../generation/finalize.ts";

export function finalizeDeps(): FinalizeDeps {
  return {
    ...moveDeps(),
    ledger: ledger(),
    files: mediaFiles(),
    fetch: checkedFetch(),
    readVideoFacts,
    describer: describer(),
    timings: timingsStore(),
    frames: videoFrames(),
    kling,
  };
}
