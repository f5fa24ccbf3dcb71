// The events on the bus: what comes in, what goes out. Keys and facts, no links, no prompt.
import * as z from "zod";
import { KlingGenerationMode } from "../media/modes.ts";
import type { MediaEvent } from "../media/ports.ts";
import { PHASES } from "../media/status.ts";
import { enhanceRequest } from "./enhance.ts";

/** `Generation Requested`: the body of enhance, for a tenant that the sender names. Access to the bus is trust. */
export const generationRequested = z.object({
  id: z.string(),
  source: z.string(),
  detail: enhanceRequest.and(
    z.object({
      tenantId: z
        .string()
        .min(1)
        .max(128)
        .refine((name) => name.isWellFormed()),
      idempotencyKey: z.string().min(1).max(255).optional(),
    }),
  ),
});

/** The detail of everything that goes out. */
export const generationEventDetail = z.object({
  id: z.string(),
  tenantId: z.string(),
  spaceId: z.string(),
  mediaId: z.string(),
  requestId: z.string().optional(),
  generationMode: z.enum(KlingGenerationMode).optional(),
  status: z.enum(PHASES).optional(),
  video: z
    .object({
      key: z.string(),
      size: z.number(),
      width: z.number(),
      height: z.number(),
      durationInSeconds: z.number(),
    })
    .optional(),
  description: z.string().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** Jobs that fal ran and perhaps billed, and that no record follows. */
  orphanRequestIds: z.array(z.string()).optional(),
  at: z.iso.datetime(),
});

/** The detail of one event. */
export function generationEvent({ id, at, media }: MediaEvent): z.infer<typeof generationEventDetail> {
  const {
    tenantId,
    spaceId,
    id: mediaId,
    requestId,
    generationMode,
    phase: status,
    video,
    error,
    orphanRequestIds,
  } = media;
  return {
    id,
    tenantId,
    spaceId,
    mediaId,
    requestId,
    generationMode,
    status,
    video: video && {
      key: video.key,
      size: video.size,
      width: video.width,
      height: video.height,
      durationInSeconds: video.durationInSeconds,
    },
    description: media.description[0]?.text,
    error,
    orphanRequestIds,
    at,
  };
}
