// The reading routes and cancel: what they take and what they answer.
import * as z from "zod";
import { PHASES } from "../media/status.ts";
import { mediaId, mediaSpace, spaceId } from "./media-space.ts";
import { decimal } from "./text.ts";

export const checkRequest = z.object({ spaceId, mediaSpace: z.object({ id: mediaId }) });

export const checkAnswer = z.object({
  data: z.object({
    status: z.enum(["in_progress", "completed", "failed", "canceled"]),
    phase: z.enum(PHASES).exclude(["deleted"]).optional(),
    queue_position: z.number().int().nonnegative().optional(),
    mediaSpace,
  }),
});

export const mediaPath = z.object({ spaceId, id: mediaId });
export const spacePath = z.object({ spaceId });

/** Of an HTTP API's 30 s (AWS: "Quotas for HTTP APIs"), with room for the reads. */
const WAIT_MAX_SECONDS = 20;

export const watchQuery = z
  .object({
    sinceVersion: decimal(z.number().int().nonnegative()).optional(),
    waitSeconds: decimal(z.number().min(0).max(WAIT_MAX_SECONDS)).optional(),
  })
  .refine(({ sinceVersion, waitSeconds }) => waitSeconds === undefined || sinceVersion !== undefined, {
    path: ["sinceVersion"],
    message: "is needed with waitSeconds",
  });

const PAGE = 20;

export const listQuery = z.object({
  limit: decimal(z.number().int().min(1).max(100)).default(PAGE).meta({ default: PAGE }),
  cursor: z
    .string()
    .regex(/^[\w-]{1,171}\.[\w-]{43}$/, "must be a nextCursor of this list")
    .optional()
    .meta({ description: "`nextCursor` of the page before: good for this tenant and this space." }),
});

export const mediaAnswer = z.object({ data: z.object({ mediaSpace }) });
export const listAnswer = z.object({
  data: z.object({ items: z.array(mediaSpace), nextCursor: z.string().optional() }),
});
export const cancelAnswer = z.object({ data: z.object({ message: z.string(), mediaSpace }) });
