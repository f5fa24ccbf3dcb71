// Step finalize-and-analyze: the finished video made ours, its facts read, the record committed, the video described.
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { stepInput } from "../../shared/contract/steps.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/edge/lambda.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { checkedFetch } from "../../shared/services/checked-fetch.ts";
import { describer } from "../../shared/services/describer.ts";
import { mediaFiles } from "../../shared/services/media-files.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";
import { timingsStore } from "../../shared/services/timings.ts";
import { videoFrames } from "../../shared/services/video-frames.ts";

export const handler = step(stepInput, async (ref) =>
  finalizeGeneration(
    {
      ...moveDeps(),
      files: mediaFiles(),
      fetch: checkedFetch(),
      readVideoFacts,
      describer: describer(),
      timings: timingsStore(),
      frames: videoFrames(),
      kling,
    },
    ref,
  ),
);
