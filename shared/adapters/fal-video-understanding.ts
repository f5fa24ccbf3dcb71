// Words about a video from fal's own model, which sees the video itself.
import * as z from "zod";
import { ProviderUnavailableError } from "../media/errors.ts";
import type { Clock, VideoDescriber } from "../media/ports.ts";
import type { FalQueue } from "./fal-queue.ts";

/** $0.01 per 5 s of video (fal.ai model page). */
const ENDPOINT_ID = "fal-ai/video-understanding";
const PROMPT = "Describe what this video shows in one or two plain sentences.";
const TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 1_000;

/** One POST, then a look every second for at most a minute. @throws ProviderUnavailableError, GenerationFailedError, SubmitError */
export function createFalVideoUnderstanding({ submit, status, result }: FalQueue, clock: Clock): VideoDescriber {
  return {
    async describe({ videoUrl }) {
      if (videoUrl === undefined) throw new ProviderUnavailableError("fal's URL of the video is not known any more");
      const requestId = await submit(ENDPOINT_ID, { video_url: videoUrl, prompt: PROMPT });
      const giveUpAt = clock.now() + TIMEOUT_MS;
      while ((await status(ENDPOINT_ID, requestId)).status !== "COMPLETED") {
        if (clock.now() >= giveUpAt) throw new ProviderUnavailableError("no description within a minute");
        await clock.sleep(LOOK_EVERY_MS);
      }
      const output = z.object({ output: z.string().min(1) }).safeParse(await result(ENDPOINT_ID, requestId))
        .data?.output;
      if (output === undefined) throw new ProviderUnavailableError("an answer without a description");
      return output.trim();
    },
  };
}
