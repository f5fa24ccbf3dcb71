// The Kling 2.1 modes as one table: endpoint, input fields, durations and prices. A newer model is one more row.
import { UnknownModeError } from "../media/errors.ts";

/** The generation modes of the seed. A const object and a namespace of the same name, so that `KlingGenerationMode.PRO` is a value and a type. */
export const KlingGenerationMode = { STANDARD: "standard", PRO: "pro", MASTER: "master" } as const;
export type KlingGenerationMode = (typeof KlingGenerationMode)[keyof typeof KlingGenerationMode];
export declare namespace KlingGenerationMode {
  type STANDARD = "standard";
  type PRO = "pro";
  type MASTER = "master";
}

/** Seconds of video, as the string fal wants. */
export const DURATIONS = ["5", "10"] as const;
export type Duration = (typeof DURATIONS)[number];

/** The formats a caller may ask for, with the pixels the source image is fitted to (HD; Kling keeps the image's ratio). */
export const ASPECT_RATIOS = ["16:9", "9:16", "1:1"] as const;
export type AspectRatio = (typeof ASPECT_RATIOS)[number];
export const FORMATS: Record<AspectRatio, { width: number; height: number }> = {
  "16:9": { width: 1920, height: 1080 },
  "9:16": { width: 1080, height: 1920 },
  "1:1": { width: 1080, height: 1080 },
};

/** In test mode each job has this id, as the original application has it. */
export const TEST_MODE_REQUEST_ID = "a07e8111-d339-4b5c-8563-9887bb4bd146";

/** Kling takes at most this many characters of prompt and of negative prompt (FAL.md section 4; fal.ai model page). */
export const PROMPT_MAX_CHARACTERS = 2500;

/**
 * We take pictures of at most this many bytes, such as a phone's of 48 megapixels. What is sent is fitted to 1920 pixels and
 * stays under 4 MB; Kling takes 10 MB (fal.ai model page).
 */
export const IMAGE_MAX_BYTES = 50 * 1024 * 1024;

/** Kling takes pictures of at most 2.5 times as long as wide, or as wide as long (fal.ai model page). */
export const IMAGE_RATIO_MAX = 2.5;

/** What one generation asks of Kling, in the seed's field names. `aspect_ratio` is accepted and never sent: fal has no such input. */
export interface KlingRequest {
  prompt: string;
  /** http(s) or `data:` URI of a jpg, png or webp. */
  image_url: string;
  duration?: Duration;
  negative_prompt?: string;
  /** 0..1 */
  cfg_scale?: number;
  /** Last frame; pro only. */
  tail_image_url?: string;
  aspect_ratio?: AspectRatio;
}

interface KlingModeRow {
  /** fal's model id, the path of the submit. */
  endpointId: string;
  /** Our request field -> fal's input field. A field without an entry is not sent. */
  inputFields: Partial<Record<keyof KlingRequest, string>>;
  /** US dollars per video, by duration (fal.ai price list, 2026-11). */
  priceUsd: Record<Duration, number>;
}

const COMMON_FIELDS = {
  prompt: "prompt",
  image_url: "image_url",
  duration: "duration",
  negative_prompt: "negative_prompt",
  cfg_scale: "cfg_scale",
} as const;

export const KLING_MODES: Record<KlingGenerationMode, KlingModeRow> = {
  standard: {
    endpointId: "fal-ai/kling-video/v2.1/standard/image-to-video",
    inputFields: COMMON_FIELDS,
    priceUsd: { "5": 0.28, "10": 0.56 },
  },
  pro: {
    endpointId: "fal-ai/kling-video/v2.1/pro/image-to-video",
    inputFields: { ...COMMON_FIELDS, tail_image_url: "tail_image_url" },
    priceUsd: { "5": 0.49, "10": 0.98 },
  },
  master: {
    endpointId: "fal-ai/kling-video/v2.1/master/image-to-video",
    inputFields: COMMON_FIELDS,
    priceUsd: { "5": 1.4, "10": 2.8 },
  },
};

/**
 * The row of a mode.
 * @throws UnknownModeError listing the known modes
 */
export function klingMode(mode: string): KlingModeRow {
  const row = Object.entries(KLING_MODES).find(([name]) => name === mode)?.[1];
  if (!row) throw new UnknownModeError(mode, Object.keys(KLING_MODES));
  return row;
}

/** fal's input object for a request: only the fields the mode's endpoint has, only those that are set. */
export function klingInput(request: KlingRequest, mode: KlingGenerationMode): Record<string, string | number> {
  const { inputFields } = klingMode(mode);
  const input: Record<string, string | number> = {};
  for (const field of Object.keys(request) as (keyof KlingRequest)[]) {
    const [name, value] = [inputFields[field], request[field]];
    if (name !== undefined && value !== undefined) input[name] = value;
  }
  return input;
}

/** The format whose ratio is nearest to these pixels. */
export function nearestFormat({ width, height }: { width: number; height: number }): AspectRatio {
  const distance = (format: AspectRatio) =>
    Math.abs(Math.log(width / height) - Math.log(FORMATS[format].width / FORMATS[format].height));
  return ASPECT_RATIOS.reduce((best, format) => (distance(format) < distance(best) ? format : best));
}
