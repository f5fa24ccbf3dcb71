// Takes a frame out of a video: by fal, or not at all in test mode.
import { createFalVideoFrames } from "../adapters/fal-video-frames.ts";
import { isTestMode } from "../environment.ts";
import type { VideoFrames } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { falModels } from "./fal.ts";
import { lazy } from "./lazy.ts";

const noFrames: VideoFrames = { frame: async () => undefined };

export const videoFrames = lazy((): VideoFrames => (isTestMode() ? noFrames : createFalVideoFrames(falModels, clock)));
