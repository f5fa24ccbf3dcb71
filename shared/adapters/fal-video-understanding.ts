// Words about a video from fal's own model, which sees the video itself.
import * as z from "zod/mini";
import { DESCRIBER_ENDPOINT } from "../kling/utilities.ts";
import { ProviderUnavailableError } from "../media/errors.ts";
import type { Clock, VideoDescriber } from "../media/ports.ts";
import type { FalQueue } from "./fal-queue.ts";

const PROMPT = "Describe what this video shows in one or two plain sentences.";
const TIMEOUT_MS = 60_000;

const answer = z.object({ output: z.string().check(z.minLength(1)) });

/** @throws ProviderUnavailableError, GenerationFailedError, SubmitError */
export function createFalVideoUnderstanding({ run }: Pick<FalQueue, "run">, clock: Clock): VideoDescriber {
  return {
    async describe({ videoUrl }) {
      if (videoUrl === undefined) throw new ProviderUnavailableError("fal's URL of the video is not known any more");
      const said = await run(DESCRIBER_ENDPOINT, { video_url: videoUrl, prompt: PROMPT }, TIMEOUT_MS, clock);
      const { data } = answer.safeParse(said);
      if (data === undefined) throw new ProviderUnavailableError("an answer without a description");
      return data.output.trim();
    },
  };
}
