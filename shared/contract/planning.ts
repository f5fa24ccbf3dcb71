// What a generation costs, how long it takes and whether the budget holds it, before it is started.
import * as z from "zod";
import { DURATIONS, KlingGenerationMode } from "../media/modes.ts";

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
