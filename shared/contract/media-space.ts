// The shapes that answers are made of, as schemas: what OpenAPI publishes and what the tests hold answers against.
import * as z from "zod/mini";
import { ASPECT_RATIOS, KlingGenerationMode } from "../kling/models.ts";
import { HOLD_CODES } from "../media/provider-account.ts";
import { GenerationStatus, PHASES } from "../media/status.ts";
import { mediaId } from "./ids.ts";

const pixels = z.int().check(z.positive());
const instant = z.iso.datetime();

export const modelId = z.string().check(z.meta({ description: "Of GET /api/models.", examples: ["kling-2.1"] }));

/** Seconds in digits, as the original application has them. */
export const duration = z
  .string()
  .check(z.regex(/^[1-9]\d{0,2}$/), z.meta({ description: "Seconds that were asked for.", examples: ["5"] }));

/** A deleted media is never shown. */
export const shownPhase = z.enum(PHASES.filter((phase) => phase !== "deleted"));

export const media = z.object({
  id: mediaId,
  type: z.enum(["video", "image"]).check(z.describe("`image` only on records of older versions.")),
  usage: z.literal("media"),
  name: z.string(),
  generationStatus: z.enum(GenerationStatus),
  phase: z.optional(shownPhase),
  model: modelId,
  generationMode: z.optional(z.enum(KlingGenerationMode)),
  requestId: z.optional(z.string()).check(z.describe("fal's id of the job, once fal has accepted it.")),
  queuePosition: z.optional(z.int().check(z.nonnegative())).check(z.describe("Jobs before this one at fal.")),
  hold: z
    .optional(z.object({ code: z.enum(HOLD_CODES), since: instant }))
    .check(
      z.describe(
        "fal.ai takes no jobs of this service just now: queued, prepared, and going on by itself when it does.",
      ),
    ),
  context: z.string().check(z.describe("The user's own words.")),
  duration,
  audio: z.optional(z.boolean()).check(z.describe("Whether the video has sound, or will have.")),
  shots: z
    .optional(z.array(z.object({ prompt: z.string(), duration })))
    .check(z.describe("What was told shot by shot.")),
  aspectRatio: z.optional(z.enum(ASPECT_RATIOS)).check(z.describe("The format that was asked for.")),
  negativePrompt: z.optional(z.string()).check(z.describe("What should not appear, as it was asked for.")),
  cfgScale: z.optional(z.number()),
  tailImageUrl: z.optional(z.string()).check(z.describe("The last frame that was asked for.")),
  testMode: z
    .optional(z.literal(true))
    .check(z.describe("Made in test mode: the video is a placeholder film, and nothing was billed.")),
  prompt: z.optional(z.string()).check(z.describe("The words sent to Kling.")),
  error: z.optional(z.object({ code: z.string(), message: z.string() })),
  image: z.optional(
    z.object({
      link: z.string().check(z.describe("The picture as Kling sees it.")),
      originalLink: z
        .optional(z.string())
        .check(z.describe("The link that the request named, of the web or of an upload, for another request with it.")),
      width: z.optional(pixels),
      height: z.optional(pixels),
    }),
  ),
  poster: z
    .optional(z.object({ link: z.string(), width: pixels, height: pixels }))
    .check(z.describe("The video's first frame, or the picture it is made of.")),
  placeholder: z.optional(z.string()).check(z.describe("A few pixels of the picture, as a data: URI.")),
  video: z.optional(
    z.object({
      link: z.string().check(z.describe("To play it. Like every link here it ends within the hour, or before.")),
      downloadLink: z
        .optional(z.string())
        .check(z.describe("To keep it, as `<name>-<mode>.mp4`: the answer is an attachment.")),
      quality: z.optional(z.enum(["hd", "sd"])),
      file_type: z.literal("mp4"),
      size: z.optional(z.int()),
      width: z.optional(pixels),
      height: z.optional(pixels),
      fps: z.optional(z.number()),
      durationInSeconds: z.optional(z.number()),
      frames: z.array(z.never()),
    }),
  ),
  description: z.array(z.object({ start: z.number(), text: z.string() })),
  analysisStatus: z.optional(z.enum(["pending", "completed", "failed"])),
  estimatedCostUsd: z
    .optional(z.number())
    .check(z.describe("The same as `cost.estimatedUsd`, absent on records of older versions.")),
  cost: z.object({
    estimatedUsd: z.number().check(z.describe("By fal's price list.")),
    billedUsd: z
      .optional(z.number())
      .check(z.describe("What fal has billed for it, discount taken off; there once the bill was reconciled.")),
    charged: z
      .boolean()
      .check(
        z.describe(
          "Whether it has to be paid: it was delivered, or fal has billed it all the same. False in test mode.",
        ),
      ),
  }),
  keptUntil: z.optional(instant).check(z.describe("After it, the media is deleted.")),
  createdAt: instant,
  timeline: z
    .optional(z.array(z.object({ at: instant, phase: shownPhase, attempt: z.optional(z.int().check(z.positive())) })))
    .check(
      z.describe(
        "Its moves since it was created, oldest first: when it came to which phase, and by which attempt it was sent. At most 40, the first 10 and the latest 30; absent where none was kept.",
      ),
    ),
  cancelRequestedAt: z.optional(instant).check(z.describe("A cancel was asked for.")),
  completedAt: z.optional(instant),
  updatedAt: instant,
  version: z.int().check(z.nonnegative()),
});

export const mediaSpace = z.object({
  id: mediaId,
  spaceId: z.string(),
  baseMediaId: z.optional(z.string()),
  uploadedBy: z.string(),
  uploadedAt: instant,
  autoPlacement: z.boolean(),
  media,
});

/** What is wrong with one thing: a field of the request or, with over_budget, a cap. */
export const errorDetail = z.object({
  path: z.string().check(z.describe("The field; with over_budget the cap, such as MONTHLY_CAP_USD.")),
  message: z.string(),
  leftUsd: z.optional(z.number().check(z.nonnegative())).check(z.describe("Of the cap, where it is the caller's.")),
  renewsAt: z.optional(instant).check(z.describe("When all of the cap is there again.")),
});

export const errorAnswer = z.object({
  error: z.string().check(z.describe("What a person can act on.")),
  code: z.string().check(z.describe("snake_case, stable.")),
  details: z.optional(z.array(errorDetail)),
  budget: z
    .optional(z.object({ leftUsd: z.optional(z.number().check(z.nonnegative())), renewsAt: instant }))
    .check(z.describe("With over_budget: what is left of the cap that `details` names, and when it renews.")),
  traceId: z.string(),
});

/** The same as generated clients get it: one shape for every error, those too that API Gateway answers by itself, with `message` alone. */
export const anyErrorAnswer = z.extend(z.partial(errorAnswer), {
  message: z
    .optional(z.string())
    .check(z.describe("Alone: API Gateway answered by itself, where no function was asked or has answered.")),
});
