// The shapes that answers are made of, as schemas: what OpenAPI publishes and what the tests hold answers against.
import * as z from "zod";
import { ASPECT_RATIOS, DURATIONS, KlingGenerationMode } from "../media/modes.ts";
import { GenerationStatus, PHASES } from "../media/status.ts";
import { mediaId } from "./ids.ts";

const pixels = z.number().int().positive();
const instant = z.iso.datetime();

export const media = z.object({
  id: mediaId,
  type: z.literal("video"),
  usage: z.literal("media"),
  name: z.string(),
  generationStatus: z.enum(GenerationStatus),
  phase: z.enum(PHASES).exclude(["deleted"]).optional(),
  generationMode: z.enum(KlingGenerationMode).optional(),
  requestId: z.string().optional().meta({ description: "fal's id of the job, once fal has accepted it." }),
  queuePosition: z.number().int().nonnegative().optional().meta({ description: "Jobs before this one at fal." }),
  context: z.string().meta({ description: "The user's own words." }),
  duration: z.enum(DURATIONS).meta({ description: "Seconds that were asked for." }),
  aspectRatio: z.enum(ASPECT_RATIOS).optional().meta({ description: "The format that was asked for." }),
  prompt: z.string().optional().meta({ description: "The words sent to Kling." }),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  image: z.object({ link: z.string(), width: pixels.optional(), height: pixels.optional() }).optional(),
  poster: z
    .object({ link: z.string(), width: pixels, height: pixels })
    .optional()
    .meta({ description: "The video's first frame, or the picture it is made of." }),
  placeholder: z.string().optional().meta({ description: "A few pixels of the picture, as a data: URI." }),
  video: z
    .object({
      link: z.string(),
      quality: z.enum(["hd", "sd"]).optional(),
      file_type: z.literal("mp4"),
      size: z.number().int().optional(),
      width: pixels.optional(),
      height: pixels.optional(),
      fps: z.number().optional(),
      durationInSeconds: z.number().optional(),
      frames: z.array(z.never()),
    })
    .optional(),
  description: z.array(z.object({ start: z.number(), text: z.string() })),
  analysisStatus: z.enum(["pending", "completed", "failed"]).optional(),
  estimatedCostUsd: z.number().optional(),
  keptUntil: instant.optional().meta({ description: "After it, the media is deleted." }),
  createdAt: instant,
  cancelRequestedAt: instant.optional().meta({ description: "A cancel was asked for." }),
  completedAt: instant.optional(),
  updatedAt: instant,
  version: z.number().int().nonnegative(),
});

export const mediaSpace = z.object({
  id: mediaId,
  spaceId: z.string(),
  baseMediaId: z.string().optional(),
  uploadedBy: z.string(),
  uploadedAt: instant,
  autoPlacement: z.boolean(),
  media,
});

export const errorAnswer = z.object({
  error: z.string().meta({ description: "What a person can act on." }),
  code: z.string().meta({ description: "snake_case, stable." }),
  details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  budget: z
    .object({ leftUsd: z.number().nonnegative().optional(), renewsAt: instant })
    .optional()
    .meta({ description: "With over_budget: what is left of the caller's month, and when the next one begins." }),
  traceId: z.string(),
});

/** What API Gateway says itself, where no function of ours was asked or has answered. */
export const gatewayError = z.object({ message: z.string() });
