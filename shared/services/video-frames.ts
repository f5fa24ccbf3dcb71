// Who takes a frame out of a video: fal, but nobody in test mode.
import { createFalVideoFrames } from "../adapters/fal-video-frames.ts";
import { isTestMode } from "../environment.ts";
import type { VideoFrames } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { falModels } from "./fal.ts";
import { lazy } from "./lazy.ts";

const nobody: VideoFrames = { frame: async () => undefined };

export const videoFrames = lazy((): VideoFrames => (isTestMode() ? nobody : createFalVideoFrames(falModels, clock)));
