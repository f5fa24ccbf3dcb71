// What each endpoint does with an input: which inputs it refuses, what it answers, what it costs.
import type { Clock } from "./clock.ts";
import { checkImage, type ModelError } from "./image-check.ts";

export interface Clip {
  ratio: "16x9" | "9x16" | "1x1";
  seconds: 5 | 10;
}

export interface Work {
  clip?: Clip;
  /** The job whose video's first frame is asked for. */
  frameOf?: string;
  /** The answer of models that make no video. */
  output?: unknown;
  units: number;
  usd: number;
}

export type Verdict = { refused: ModelError[] } | { work: Work };

export interface Model {
  /** Answers within a second and never waits in the queue. */
  quick: boolean;
  consider(input: Record<string, unknown>, clock: Clock): Promise<Verdict>;
}

const MAX_PROMPT_LENGTH = 2500;
const RATIOS: { ratio: Clip["ratio"]; value: number }[] = [
  { ratio: "16x9", value: 16 / 9 },
  { ratio: "9x16", value: 9 / 16 },
  { ratio: "1x1", value: 1 },
];

/** The clip whose shape comes nearest to the image: Kling keeps the ratio of what it was given. */
export function nearestRatio(width: number, height: number): Clip["ratio"] {
  const distance = (value: number) => Math.abs(Math.log(width / height / value));
  return RATIOS.reduce((best, next) => (distance(next.value) < distance(best.value) ? next : best)).ratio;
}

/** USD for 5 s; 10 s cost twice that. `tail` names the field of the last frame, which only pro has. */
interface KlingMode {
  usdPer5Seconds: number;
  tail?: string;
}

function kling({ usdPer5Seconds, tail }: KlingMode): Model {
  return {
    quick: false,
    async consider(input, clock) {
      const refused = [
        ...checkText(input, "prompt", true),
        ...checkText(input, "negative_prompt", false),
        ...checkDuration(input.duration),
        ...checkScale(input.cfg_scale),
        ...(input.image_url === undefined ? [missing("image_url", input)] : []),
      ];
      const images = ["image_url", ...(tail === undefined ? [] : [tail])].filter((field) => input[field] !== undefined);
      for (const field of images) {
        if (typeof input[field] !== "string") refused.push(notAString(field, input[field]));
      }
      if (refused.length > 0) return { refused };

      let ratio: Clip["ratio"] = "16x9";
      for (const field of images) {
        const verdict = await checkImage(String(input[field]), field, clock);
        if ("error" in verdict) return { refused: [verdict.error] };
        if (field === "image_url") ratio = nearestRatio(verdict.width, verdict.height);
      }
      const seconds = input.duration === "10" ? 10 : 5;
      return { work: { clip: { ratio, seconds }, units: seconds, usd: usdPer5Seconds * (seconds / 5) } };
    },
  };
}

const videoUnderstanding: Model = {
  quick: true,
  async consider(input) {
    const refused = [...checkText(input, "prompt", true), ...checkText(input, "video_url", true)];
    if (refused.length > 0) return { refused };
    const output =
      "A calm evening by a lake: the low sun lights layered purple hills while a small white sailboat drifts across the " +
      "water, its reflection and the glitter of the sun moving gently. Dark firs frame the view and three birds pass by.";
    // $0.01 for every 5 s; the video is not fetched, so its length is taken to be 5 s.
    return { work: { output: { output }, units: 1, usd: 0.01 } };
  },
};

const extractFrame: Model = {
  quick: true,
  async consider(input) {
    const refused = checkText(input, "video_url", true);
    if (refused.length > 0) return { refused };
    // Only videos of this simulator are known here: nothing is fetched.
    const [, frameOf] = /\/files\/([^/]+)\.mp4$/.exec(String(input["video_url"])) ?? [];
    if (frameOf !== undefined) return { work: { frameOf, units: 1, usd: 0.0002 } };
    const msg = "Failed to download the file. Please check if the URL is accessible and try again.";
    return { refused: [{ loc: ["body", "video_url"], msg, type: "file_download_error", input: input["video_url"] }] };
  },
};

const textRouter: Model = {
  quick: true,
  async consider(input) {
    const refused = checkText(input, "prompt", true);
    if (refused.length > 0) return { refused };
    const output =
      "A gentle evening breeze moves the scene; the camera glides slowly forward while the light turns golden.";
    const usage = { prompt_tokens: 412, completion_tokens: 23, total_tokens: 435, cost: 0.0004 };
    return { work: { output: { output, usage }, units: 1, usd: usage.cost } };
  },
};

// Endpoints nobody described: any input will do, and the video is 5 s of 16:9 for nothing.
const unknownModel: Model = {
  quick: false,
  consider: async () => ({ work: { clip: { ratio: "16x9", seconds: 5 }, units: 5, usd: 0 } }),
};

const MODELS: Record<string, Model> = {
  "fal-ai/kling-video/v2.1/standard/image-to-video": kling({ usdPer5Seconds: 0.28 }),
  "fal-ai/kling-video/v2.1/pro/image-to-video": kling({ usdPer5Seconds: 0.49, tail: "tail_image_url" }),
  "fal-ai/kling-video/v2.1/master/image-to-video": kling({ usdPer5Seconds: 1.4 }),
  "fal-ai/video-understanding": videoUnderstanding,
  "fal-ai/ffmpeg-api/extract-frame": extractFrame,
  "openrouter/router/vision": textRouter,
  "openrouter/router/video": textRouter,
};

/** The model behind an endpoint id; ids outside the table get one that accepts everything. */
export function modelOf(endpointId: string): Model {
  return MODELS[endpointId] ?? unknownModel;
}

function missing(field: string, input: unknown): ModelError {
  return { loc: ["body", field], msg: "Field required", type: "missing", input };
}

function notAString(field: string, input: unknown): ModelError {
  return { loc: ["body", field], msg: "Input should be a valid string", type: "string_type", input };
}

function checkText(input: Record<string, unknown>, field: string, required: boolean): ModelError[] {
  const text = input[field];
  if (text === undefined) return required ? [missing(field, input)] : [];
  if (typeof text !== "string") return [notAString(field, text)];
  // fal counts as Python does: by code point
  if ([...text].length <= MAX_PROMPT_LENGTH) return [];
  const msg = `String should have at most ${MAX_PROMPT_LENGTH} characters`;
  return [{ loc: ["body", field], msg, type: "string_too_long", ctx: { max_length: MAX_PROMPT_LENGTH } }];
}

function checkDuration(duration: unknown): ModelError[] {
  if (duration === undefined || duration === "5" || duration === "10") return [];
  const expected = "'5' or '10'";
  const msg = `Input should be ${expected}`;
  return [{ loc: ["body", "duration"], msg, type: "literal_error", input: duration, ctx: { expected } }];
}

function checkScale(scale: unknown): ModelError[] {
  if (scale === undefined || (typeof scale === "number" && scale >= 0 && scale <= 1)) return [];
  const msg = "Input should be a number between 0 and 1";
  return [{ loc: ["body", "cfg_scale"], msg, type: "less_than_equal", input: scale, ctx: { le: 1 } }];
}
