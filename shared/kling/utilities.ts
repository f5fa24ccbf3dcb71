// fal's other models that a generation calls once its video is there. They are billed apart from it, under request ids of their own.

/** $0.01 per 5 s of video (fal.ai model page). */
export const DESCRIBER_ENDPOINT = "fal-ai/video-understanding";
/** $0.0002 per second of video (fal.ai model page). */
export const FRAME_ENDPOINT = "fal-ai/ffmpeg-api/extract-frame";

const UTILITIES: readonly string[] = [DESCRIBER_ENDPOINT, FRAME_ENDPOINT];

/** Whether an endpoint is one that describes a finished video or takes its frames. */
export function isUtility(endpointId: string): boolean {
  return UTILITIES.includes(endpointId);
}
