// The reading routes and cancel: what they take.
import * as z from "zod/mini";
import { mediaId, spaceId } from "./ids.ts";
import { decimal } from "./text.ts";

export const checkRequest = z.object({ spaceId, mediaSpace: z.object({ id: mediaId }) });

export const mediaPath = z.object({ spaceId, id: mediaId });
export const spacePath = z.object({ spaceId });

/** Of an HTTP API's 30 s (AWS: "Quotas for HTTP APIs"), with room for the reads. */
const WAIT_MAX_SECONDS = 20;

export const watchQuery = z
  .object({
    sinceVersion: z.optional(decimal(z.int().check(z.nonnegative()))),
    waitSeconds: z.optional(decimal(z.number().check(z.minimum(0), z.maximum(WAIT_MAX_SECONDS)))),
  })
  .check(
    z.refine(({ sinceVersion, waitSeconds }) => waitSeconds === undefined || sinceVersion !== undefined, {
      path: ["sinceVersion"],
      message: "is needed with waitSeconds",
    }),
  );

const PAGE = 20;

export const listQuery = z.object({
  limit: z._default(decimal(z.int().check(z.minimum(1), z.maximum(100))), PAGE).check(z.meta({ default: PAGE })),
  cursor: z
    .optional(z.string().check(z.regex(/^[\w-]{1,171}\.[\w-]{43}$/, "must be a nextCursor of this list")))
    .check(z.describe("`nextCursor` of the page before: good for this tenant and this space.")),
});
