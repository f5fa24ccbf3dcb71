// What a generation costs and how long it takes, before it is started.
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
