// Frames of a video as JPEGs, by fal's own ffmpeg.
import * as z from "zod/mini";
import { FRAME_ENDPOINT } from "../kling/utilities.ts";
import { ProviderUnavailableError } from "../media/errors.ts";
import type { Clock, VideoFrames } from "../media/ports.ts";
import type { FalQueue } from "./fal-queue.ts";

const TIMEOUT_MS = 30_000;

const answer = z.object({ images: z.tuple([z.looseObject({ url: z.string().check(z.minLength(1)) })]) });

/** @throws ProviderUnavailableError, GenerationFailedError, SubmitError */
export function createFalVideoFrames({ run }: Pick<FalQueue, "run">, clock: Clock): VideoFrames {
  return {
    async frame(videoUrl, which) {
      const said = await run(FRAME_ENDPOINT, { video_url: videoUrl, frame_type: which }, TIMEOUT_MS, clock);
      const { data } = answer.safeParse(said);
      if (data === undefined) throw new ProviderUnavailableError("an answer without a frame");
      return data.images[0].url;
    },
  };
}
