// The reading routes and cancel: what they take.
import * as z from "zod";
import { mediaId, spaceId } from "./ids.ts";
import { decimal } from "./text.ts";

export const checkRequest = z.object({ spaceId, mediaSpace: z.object({ id: mediaId }) });

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
