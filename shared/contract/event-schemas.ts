// The events as JSON Schema, for senders and consumers in any language: one document for the detail of each type.
import * as z from "zod";
import { KlingGenerationMode } from "../media/modes.ts";
import { PHASES, type EventType } from "../media/status.ts";
import { generationRequestedDetail } from "./generation-requested.ts";

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
export type EventDetails = { [Type in EventType]: z.infer<(typeof EVENT_DETAILS)[Type]> };

/** Rises when a field changes its meaning or goes; then old and new are sent side by side. */
const DETAIL_VERSION = 1;

/** `Generation Completed` -> `generation-completed`. */
export function schemaName(detailType: string): string {
  return detailType.toLowerCase().replaceAll(" ", "-");
}

/** Draft 2020-12, by detail type. Open for further fields: consumers ignore what they do not know. */
export function eventSchemas(): Record<string, Record<string, unknown>> {
  const details = Object.entries({ "Generation Requested": generationRequestedDetail, ...EVENT_DETAILS });
  return Object.fromEntries(details.map(([detailType, schema]) => [detailType, schemaOf(detailType, schema)]));
}

function schemaOf(detailType: string, schema: z.ZodType): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: "input" });
  return { $schema, $id: `urn:kling-media:${schemaName(detailType)}:${DETAIL_VERSION}`, title: detailType, ...rest };
}
