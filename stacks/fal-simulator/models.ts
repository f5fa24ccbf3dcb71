// What each endpoint does with an input: which inputs it refuses, what it answers, what it costs.
import { KLING_MODELS, type KlingRow, type Resolution } from "../../shared/kling/models.ts";
import type { Clock } from "./clock.ts";
import { checkImage, type ModelError } from "./image-check.ts";

export interface Clip {
  ratio: "16x9" | "9x16" | "1x1";
  seconds: number;
  audio?: boolean;
  resolution?: Resolution | undefined;
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
const DEFAULT_SECONDS = 5;
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

/** A row of the catalogue as fal behaves: what it has no field for it ignores, what it has is checked when the job runs. */
function kling(row: KlingRow): Model {
  const { inputFields: fields, imageField } = row;
  return {
    quick: false,
    async consider(input, clock) {
      const shots = fields.shots === undefined ? undefined : input[fields.shots];
      const refused = [
        ...checkText(input, "prompt", shots === undefined),
        ...(shots !== undefined && input["prompt"] !== undefined ? [oneOfBoth("prompt", input["prompt"])] : []),
        ...checkText(input, "negative_prompt", false),
        ...checkDuration(input["duration"], row),
        ...checkScale(input["cfg_scale"]),
        ...checkSwitch(input, fields.audio),
        ...(input[imageField] === undefined ? [missing(imageField, input)] : []),
      ];
      const images = [imageField, fields.tail_image_url].filter(
        (field) => field !== undefined && input[field] !== undefined,
      ) as string[];
      for (const field of images) {
        if (typeof input[field] !== "string") refused.push(notAString(field, input[field]));
      }
      if (refused.length > 0) return { refused };

      let ratio: Clip["ratio"] = "16x9";
      for (const field of images) {
        const verdict = await checkImage(String(input[field]), field, clock);
        if ("error" in verdict) return { refused: [verdict.error] };
        if (field === imageField) ratio = nearestRatio(verdict.width, verdict.height);
      }
      const seconds = Number(input["duration"] ?? DEFAULT_SECONDS);
      // Where fal has a switch for sound, it is on unless it is turned off.
      const audio = row.audio === "always" || (fields.audio !== undefined && input[fields.audio] !== false);
      const { resolution } = row;
      const usd = row.priceMills({ seconds, audio, resolution }) / 1000;
      return { work: { clip: { ratio, seconds, audio, resolution }, units: seconds, usd } };
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

// Endpoints without a row: any input will do, and the video is 5 s of 16:9, free of charge.
const unknownModel: Model = {
  quick: false,
  consider: async () => ({ work: { clip: { ratio: "16x9", seconds: 5 }, units: 5, usd: 0 } }),
};

const MODELS: Record<string, Model> = {
  ...Object.fromEntries(KLING_MODELS.map((row) => [row.endpointId, kling(row)])),
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

function checkDuration(duration: unknown, { durations, durationsAs }: KlingRow): ModelError[] {
  const taken: unknown[] = durations.map((seconds) => (durationsAs === "string" ? String(seconds) : seconds));
  if (duration === undefined || taken.includes(duration)) return [];
  const names = taken.map((one) => (typeof one === "string" ? `'${one}'` : String(one)));
  const expected = `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
  const msg = `Input should be ${expected}`;
  return [{ loc: ["body", "duration"], msg, type: "literal_error", input: duration, ctx: { expected } }];
}

function checkSwitch(input: Record<string, unknown>, field: string | undefined): ModelError[] {
  if (field === undefined || input[field] === undefined || typeof input[field] === "boolean") return [];
  return [{ loc: ["body", field], msg: "Input should be a valid boolean", type: "bool_type", input: input[field] }];
}

function oneOfBoth(field: string, input: unknown): ModelError {
  return { loc: ["body", field], msg: "Either prompt or multi_prompt, but not both", type: "value_error", input };
}

function checkScale(scale: unknown): ModelError[] {
  if (scale === undefined || (typeof scale === "number" && scale >= 0 && scale <= 1)) return [];
  const msg = "Input should be a number between 0 and 1";
  return [{ loc: ["body", "cfg_scale"], msg, type: "less_than_equal", input: scale, ctx: { le: 1 } }];
}
