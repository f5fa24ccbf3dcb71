// Words about a video from fal's own model, which sees the video itself.
import * as z from "zod/mini";
import { ProviderUnavailableError } from "../media/errors.ts";
import type { Clock, VideoDescriber } from "../media/ports.ts";
import type { FalQueue } from "./fal-queue.ts";

/** $0.01 per 5 s of video (fal.ai model page). */
const ENDPOINT_ID = "fal-ai/video-understanding";
const PROMPT = "Describe what this video shows in one or two plain sentences.";
const TIMEOUT_MS = 60_000;

const answer = z.object({ output: z.string().check(z.minLength(1)) });

/** @throws ProviderUnavailableError, GenerationFailedError, SubmitError */
export function createFalVideoUnderstanding({ run }: Pick<FalQueue, "run">, clock: Clock): VideoDescriber {
  return {
    async describe({ videoUrl }) {
      if (videoUrl === undefined) throw new ProviderUnavailableError("fal's URL of the video is not known any more");
      const said = await run(ENDPOINT_ID, { video_url: videoUrl, prompt: PROMPT }, TIMEOUT_MS, clock);
      const { data } = answer.safeParse(said);
      if (data === undefined) throw new ProviderUnavailableError("an answer without a description");
      return data.output.trim();
    },
  };
}
