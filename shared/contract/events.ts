// The events on the bus: what comes in, what goes out. Keys and facts, no links, no prompt. docs/schemas is made of this file.
import * as z from "zod";
import { failure } from "../media/failures.ts";
import { KlingGenerationMode } from "../media/modes.ts";
import type { MediaEvent } from "../media/ports.ts";
import { PHASES, type EventType } from "../media/status.ts";
import { enhanceRequest } from "./enhance.ts";
import { idempotencyKeySchema } from "./idempotency-key.ts";

/** The detail of `Generation Requested`: the body of enhance, for a tenant that the sender names. Access to the bus is trust. */
export const generationRequestedDetail = enhanceRequest
  .safeExtend({
    tenantId: z
      .string()
      .min(1)
      .max(128)
      .refine((name) => name.isWellFormed(), "must be well-formed Unicode")
      .meta({ description: "Whose generation it is." }),
    idempotencyKey: idempotencyKeySchema
      .optional()
      .meta({ description: "The same key and detail again starts nothing. By default the id of the event." }),
  })
  .meta({ description: "Start a generation." });

/** `Generation Requested` as EventBridge delivers it. */
export const generationRequested = z.object({
  id: z.string(),
  source: z.string(),
  detail: generationRequestedDetail,
});

/** What every event tells. */
const about = z.object({
  id: z.string().meta({ description: "The same over all deliveries of one event: what a consumer remembers." }),
  tenantId: z.string(),
  spaceId: z.string(),
  mediaId: z.string(),
  requestId: z.string().optional().meta({ description: "fal's id of the job." }),
  generationMode: z.enum(KlingGenerationMode).optional(),
  at: z.iso.datetime().meta({ description: "When it happened, which may be long before it is heard." }),
});

const videoDetail = z.object({
  key: z.string().meta({ description: "In the media store." }),
  size: z.number().meta({ description: "Bytes." }),
  width: z.number(),
  height: z.number(),
  durationInSeconds: z.number(),
});

/** The detail of each event that goes out. Fields are added to it, never taken away: a consumer ignores what it does not know. */
export const EVENT_DETAILS = {
  "Generation Started": about
    .extend({ status: z.literal("generating") })
    .meta({ description: "fal has taken the job: it is paid for from now on." }),
  "Generation Completed": about
    .extend({ status: z.literal("completed"), video: videoDetail })
    .meta({ description: "The video is in the media store." }),
  "Generation Failed": about
    .extend({ status: z.literal("failed"), error: z.object({ code: z.string(), message: z.string() }) })
    .meta({ description: "There will be no video." }),
  "Generation Canceled": about
    .extend({ status: z.literal("canceled") })
    .meta({ description: "There will be no video, as was asked." }),
  "Media Analyzed": about
    .extend({
      status: z.literal("completed"),
      video: videoDetail,
      poster: z.object({ key: z.string(), width: z.number(), height: z.number() }).optional(),
      description: z.string().optional(),
    })
    .meta({
      description: "The video is described, and its first frame is beside it; what is missing could not be had.",
    }),
  "Generation Orphaned": about
    .extend({ status: z.enum(PHASES), orphanRequestIds: z.array(z.string()) })
    .meta({ description: "fal ran jobs, and perhaps billed them, whose videos nobody gets." }),
  "Media Deleted": about
    .extend({ status: z.literal("deleted") })
    .meta({ description: "The media is gone, and all of its files." }),
} satisfies Record<EventType, z.ZodType>;

/**
 * The detail of one event: what its type tells, as it was then. The record may have moved on since: an event that the
 * bus did not take waits in the outbox.
 */
export function generationEvent({ id, type, at, media }: MediaEvent) {
  const { tenantId, spaceId, id: mediaId, requestId, generationMode } = media;
  const of = { id, tenantId, spaceId, mediaId, requestId, generationMode, at };
  switch (type) {
    case "Generation Started":
      return { ...of, status: "generating" };
    case "Generation Completed":
      return { ...of, status: "completed", video: videoFacts(media) };
    case "Generation Failed":
      // A failed record without its error was redriven meanwhile, as only a failed delivery is.
      return { ...of, status: "failed", error: media.error ?? failure("delivery_failed") };
    case "Generation Canceled":
      return { ...of, status: "canceled" };
    case "Media Analyzed":
      return {
        ...of,
        status: "completed",
        video: videoFacts(media),
        poster: media.poster,
        description: media.description[0]?.text,
      };
    case "Media Deleted":
      return { ...of, status: "deleted" };
    case "Generation Orphaned":
      return { ...of, status: media.phase, orphanRequestIds: media.orphanRequestIds };
  }
}

function videoFacts({ video }: MediaEvent["media"]): z.infer<typeof videoDetail> | undefined {
  if (!video) return undefined;
  const { key, size, width, height, durationInSeconds } = video;
  return { key, size, width, height, durationInSeconds };
}
