// The catalogue: every Kling image-to-video that fal offers, one row per model and mode. A newer one is one more row.

/** The generation modes of the original application. A const object and a namespace of the same name, so that `KlingGenerationMode.PRO` is a value and a type. */
export const KlingGenerationMode = { STANDARD: "standard", PRO: "pro", MASTER: "master" } as const;
export type KlingGenerationMode = (typeof KlingGenerationMode)[keyof typeof KlingGenerationMode];
export declare namespace KlingGenerationMode {
  type STANDARD = "standard";
  type PRO = "pro";
  type MASTER = "master";
}

/** Seconds of video as a text, `"5"`: what the original application has on its records. */
export type Duration = string;

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

/** The short side of the video. */
export type Resolution = "720p" | "1080p";

/** One part of a video that is described shot by shot. */
export interface Shot {
  prompt: string;
  duration: Duration;
}

/** What one generation asks of Kling, in the original application's field names. `aspect_ratio` is accepted and never sent: fal has no such input. */
export interface KlingRequest {
  prompt: string;
  /** http(s) or `data:` URI of a jpg, png or webp. */
  image_url: string;
  duration?: Duration;
  negative_prompt?: string;
  /** 0..1 */
  cfg_scale?: number;
  /** Last frame. */
  tail_image_url?: string;
  aspect_ratio?: AspectRatio;
  /** Whether the video has sound; false unless given. */
  audio?: boolean;
  /** Instead of the prompt. */
  shots?: Shot[];
}

/** Pictures that a model takes. */
export interface ImageLimits {
  /** Of the picture as the caller has it: what fal gets is a JPEG of ours of at most 4 MB, and every model takes 10 MB. */
  maxBytes: number;
  types: readonly string[];
  /** Pixels of the short side. */
  minSide: number;
  /** How many times as long as wide, or as wide as long. */
  maxRatio: number;
}

/** What a price depends on. */
export interface PricedClip {
  seconds: number;
  audio: boolean;
  resolution?: Resolution | undefined;
}

/** What a job was made with: all that is needed to follow it, even if the catalogue changes later. */
export interface Made {
  /** fal's model id, the path of the submit. */
  endpointId: string;
  /** fal's name for the picture that the video begins with: what a lost job is found by in fal's history. */
  imageField: string;
}

export interface KlingRow extends Made {
  /** The id that callers use. */
  model: string;
  mode: KlingGenerationMode;
  /** Not certain enough, or withdrawn: offered only where the setting MODELS names it. */
  offered?: false;
  /** Our request field -> fal's input field. What has no entry cannot be asked for. */
  inputFields: Partial<Record<Exclude<keyof KlingRequest, "image_url" | "aspect_ratio"> | "resolution", string>>;
  /** Seconds, ascending. */
  durations: readonly number[];
  /** How fal wants seconds to be written. */
  durationsAs: "string" | "number";
  /** Whether the video has sound: never, when asked for (then it is always told: fal's own default may be on), or always. */
  audio: "none" | "optional" | "always";
  /** Of the video; sent where `inputFields` has it. Absent where fal does not say. */
  resolution?: Resolution;
  shots?: {
    /** At most so many. */
    max: number;
    /** What fal wants beside them. */
    alongside?: Readonly<Record<string, string>>;
  };
  /** Of the prompt, the negative prompt and the prompt of each shot, in code points. */
  promptMaxCharacters: number;
  image: ImageLimits;
  /** Mills, thousandths of a US dollar, by fal's price list. */
  priceMills: (clip: PricedClip) => number;
}

/** Every whole number of seconds from the first to the last. */
function seconds(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

/** So many mills for each second of video, with another price where it has sound. */
function perSecond(silent: number, withSound = silent): KlingRow["priceMills"] {
  return ({ seconds, audio }) => seconds * (audio ? withSound : silent);
}

const MB = 1024 * 1024;

/** Kling takes pictures of at most 2.5 times as long as wide, or as wide as long (fal's OpenAPI of v3 standard and of o1). */
export const IMAGE_RATIO_MAX = 2.5;

/**
 * What every model takes (fal's OpenAPI of v3 standard and of o1), and all that is asked of an upload, which is of no model
 * yet. In bytes it is what we take, such as a phone's picture of 48 megapixels.
 */
export const IMAGE_LIMITS: ImageLimits = {
  maxBytes: 50 * MB,
  types: ["image/jpeg", "image/png", "image/webp"],
  minSide: 300,
  maxRatio: IMAGE_RATIO_MAX,
};

const PLAIN = {
  durationsAs: "string",
  audio: "none",
  promptMaxCharacters: 2500,
  image: IMAGE_LIMITS,
} as const satisfies Partial<KlingRow>;

const WORDS = { prompt: "prompt", duration: "duration" } as const;
const NEGATIVE = { negative_prompt: "negative_prompt" } as const;
const CFG = { cfg_scale: "cfg_scale" } as const;
const END = { tail_image_url: "end_image_url" } as const;
const AUDIO = { audio: "generate_audio" } as const;
const SHOTS = { shots: "multi_prompt" } as const;

const KLING_2_1 = {
  ...PLAIN,
  model: "kling-2.1",
  imageField: "image_url",
  inputFields: { ...WORDS, ...NEGATIVE, ...CFG },
  durations: [5, 10],
} as const satisfies Partial<KlingRow>;

const KLING_3 = {
  ...PLAIN,
  model: "kling-3",
  imageField: "start_image_url",
  inputFields: { ...WORDS, ...NEGATIVE, ...CFG, ...END, ...AUDIO, ...SHOTS },
  durations: seconds(3, 15),
  audio: "optional",
  // "Required when multi_prompt is provided" (types of fal's client).
  shots: { max: 6, alongside: { shot_type: "customize" } },
} as const satisfies Partial<KlingRow>;

const KLING_3_TURBO = {
  ...PLAIN,
  model: "kling-3-turbo",
  imageField: "image_url",
  inputFields: { ...WORDS, ...SHOTS },
  durations: seconds(3, 15),
  audio: "always",
  shots: { max: 6 },
} as const satisfies Partial<KlingRow>;

const KLING_O1 = {
  ...PLAIN,
  model: "kling-o1",
  imageField: "start_image_url",
  inputFields: { ...WORDS, ...END },
  durations: seconds(3, 10),
} as const satisfies Partial<KlingRow>;

const KLING_O3 = {
  ...PLAIN,
  model: "kling-o3",
  imageField: "image_url",
  inputFields: { ...WORDS, ...END, ...AUDIO, ...SHOTS },
  durations: seconds(3, 15),
  audio: "optional",
  shots: { max: 6 },
} as const satisfies Partial<KlingRow>;

/**
 * The rows; the first is the default, and a model's first mode is that model's default. Read from fal's model pages, from
 * the types of @fal-ai/client 1.10.1 and from fal's OpenAPI, November 2026; `npm run models -- --check` holds them
 * against what fal says today.
 */
export const KLING_MODELS: readonly KlingRow[] = [
  {
    ...KLING_2_1,
    mode: "standard",
    endpointId: "fal-ai/kling-video/v2.1/standard/image-to-video",
    priceMills: perSecond(56),
  },
  {
    ...KLING_2_1,
    mode: "pro",
    endpointId: "fal-ai/kling-video/v2.1/pro/image-to-video",
    inputFields: { ...KLING_2_1.inputFields, tail_image_url: "tail_image_url" },
    priceMills: perSecond(98),
  },
  {
    ...KLING_2_1,
    mode: "master",
    endpointId: "fal-ai/kling-video/v2.1/master/image-to-video",
    priceMills: perSecond(280),
  },
  {
    ...KLING_2_1,
    model: "kling-2.5-turbo",
    mode: "standard",
    endpointId: "fal-ai/kling-video/v2.5-turbo/standard/image-to-video",
    resolution: "720p",
    priceMills: perSecond(42),
  },
  {
    ...KLING_2_1,
    model: "kling-2.5-turbo",
    mode: "pro",
    endpointId: "fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
    inputFields: { ...KLING_2_1.inputFields, tail_image_url: "tail_image_url" },
    resolution: "1080p",
    priceMills: perSecond(70),
  },
  {
    ...PLAIN,
    model: "kling-2.6",
    mode: "pro",
    endpointId: "fal-ai/kling-video/v2.6/pro/image-to-video",
    imageField: "start_image_url",
    inputFields: { ...WORDS, ...NEGATIVE, ...END, ...AUDIO },
    durations: [5, 10],
    audio: "optional",
    priceMills: perSecond(70, 140),
  },
  {
    ...KLING_3,
    mode: "standard",
    endpointId: "fal-ai/kling-video/v3/standard/image-to-video",
    resolution: "720p",
    priceMills: perSecond(84, 126),
  },
  {
    ...KLING_3,
    mode: "pro",
    endpointId: "fal-ai/kling-video/v3/pro/image-to-video",
    resolution: "1080p",
    priceMills: perSecond(112, 168),
  },
  {
    ...KLING_3_TURBO,
    mode: "standard",
    endpointId: "fal-ai/kling-video/v3/turbo/standard/image-to-video",
    resolution: "720p",
    priceMills: perSecond(112),
  },
  {
    ...KLING_3_TURBO,
    mode: "pro",
    endpointId: "fal-ai/kling-video/v3/turbo/pro/image-to-video",
    resolution: "1080p",
    priceMills: perSecond(140),
  },
  {
    ...KLING_O1,
    mode: "standard",
    endpointId: "fal-ai/kling-video/o1/standard/image-to-video",
    priceMills: perSecond(84),
  },
  {
    ...KLING_O1,
    mode: "pro",
    endpointId: "fal-ai/kling-video/o1/image-to-video",
    priceMills: perSecond(112),
  },
  {
    ...KLING_O3,
    mode: "standard",
    endpointId: "fal-ai/kling-video/o3/standard/image-to-video",
    priceMills: perSecond(84, 112),
  },
  {
    ...KLING_O3,
    mode: "pro",
    endpointId: "fal-ai/kling-video/o3/pro/image-to-video",
    priceMills: perSecond(112, 140),
  },
  {
    ...PLAIN,
    model: "kling-4",
    mode: "pro",
    // fal's page of it says "coming soon" of the API, and fal's client does not know it yet.
    offered: false,
    endpointId: "fal-ai/kling-video/v4/image-to-video",
    imageField: "start_image_url",
    inputFields: { ...WORDS, ...END, ...SHOTS, resolution: "resolution" },
    durations: seconds(3, 30),
    audio: "always",
    resolution: "720p",
    shots: { max: 6 },
    priceMills: ({ seconds, resolution }) => seconds * (resolution === "1080p" ? 235 : 157),
  },
];

/** No row takes a longer prompt. */
export const PROMPT_MAX_CHARACTERS = Math.max(...KLING_MODELS.map(({ promptMaxCharacters }) => promptMaxCharacters));

/** The format whose ratio is nearest to these pixels. */
export function nearestFormat({ width, height }: { width: number; height: number }): AspectRatio {
  const distance = (format: AspectRatio) =>
    Math.abs(Math.log(width / height) - Math.log(FORMATS[format].width / FORMATS[format].height));
  return ASPECT_RATIOS.reduce((best, format) => (distance(format) < distance(best) ? format : best));
}
