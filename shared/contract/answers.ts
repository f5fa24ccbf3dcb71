// What the routes answer: for OpenAPI, the client's types and the tests. No function reads it, so none pays for it at a cold start.
import * as z from "zod";
import { DURATIONS, KlingGenerationMode } from "../media/modes.ts";
import { PHASES } from "../media/status.ts";
import { mediaSpace } from "./media-space.ts";
import { uploadId } from "./upload.ts";

export const enhanceAnswer = z.object({
  data: z.object({ success: z.literal(true), message: z.string(), mediaSpace }),
});

export const checkAnswer = z.object({
  data: z.object({
    status: z.enum(["in_progress", "completed", "failed", "canceled"]),
    phase: z.enum(PHASES).exclude(["deleted"]).optional(),
    queue_position: z.number().int().nonnegative().optional(),
    mediaSpace,
  }),
});

export const mediaAnswer = z.object({ data: z.object({ mediaSpace }) });
export const listAnswer = z.object({
  data: z.object({ items: z.array(mediaSpace), nextCursor: z.string().optional() }),
});
export const cancelAnswer = z.object({ data: z.object({ message: z.string(), mediaSpace }) });

export const uploadAnswer = z.object({
  data: z.object({
    id: uploadId,
    put: z
      .object({
        method: z.literal("PUT"),
        url: z.url(),
        headers: z.record(z.string(), z.string()).meta({ description: "To be sent with it." }),
      })
      .meta({ description: "Where the bytes go, without any other header of yours: the URL is the permission." }),
    expiresAt: z.iso.datetime().meta({ description: "The place takes bytes until then." }),
  }),
});

export const checkUploadAnswer = z.object({
  data: z.object({
    link: z.string().meta({
      description: "For `mediaSpace.media.image.link` and `tailImageUrl`, for a week, in any space of yours.",
      example: "upload:019b76da-a800-7000-8000-000000000001",
    }),
    width: z.number().int().positive(),
    height: z.number().int().positive(),
  }),
});

const kind = { mode: z.enum(KlingGenerationMode), duration: z.enum(DURATIONS) };

export const pricingAnswer = z.object({
  data: z.object({
    currency: z.literal("USD"),
    prices: z.array(
      z.object({ ...kind, usd: z.number().meta({ description: "For one video, by fal's price list." }) }),
    ),
  }),
});

const seconds = z.number().nonnegative();

export const timingsAnswer = z.object({
  data: z.object({
    timings: z
      .array(
        z.object({
          ...kind,
          p50Seconds: seconds.meta({ description: "Half of them took no longer, from the request to the video." }),
          p90Seconds: seconds.meta({ description: "Nine of ten took no longer." }),
          of: z.number().int().meta({ description: "How many finished generations this is made of." }),
        }),
      )
      .meta({ description: "By mode and duration; a pair is missing until five of it have finished here." }),
  }),
});

const usd = z.number().nonnegative();
const count = z.number().int().nonnegative();
const renewsAt = z.iso.datetime().meta({ description: "When all of it is there again." });

export const budgetAnswer = z.object({
  data: z.object({
    currency: z.literal("USD"),
    startsStopped: z.boolean().meta({
      description:
        "Nobody can start anything just now: stopped by whoever runs the service, or its own budget is spent.",
    }),
    month: z
      .object({
        capUsd: usd,
        spentUsd: usd.meta({ description: "For videos that were delivered." }),
        reservedUsd: usd.meta({ description: "Put aside for those that are being made." }),
        leftUsd: usd,
        renewsAt,
      })
      .optional()
      .meta({ description: "The calendar month, UTC. Absent where no cap is set, as the others below." }),
    openGenerations: z.object({ open: count, limit: count }).optional(),
    starts: z.object({ left: count, limit: count, renewsAt }).optional().meta({ description: "Of this minute." }),
  }),
});
