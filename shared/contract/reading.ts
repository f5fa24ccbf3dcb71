// The reading routes and cancel: what they take.
import * as z from "zod/mini";
import { modelsOf } from "../kling/catalogue.ts";
import { KLING_MODELS } from "../kling/models.ts";
import { PROGRESS } from "../media/status.ts";
import { mediaId, spaceId, spaceIdInBody } from "./ids.ts";
import { decimal, maybe, textOrNumber } from "./text.ts";

const mediaIdInBody = textOrNumber(mediaId);

/** Which media; the space may be named beside it or inside it. */
export const checkRequest = z.pipe(
  z.object({
    // That it stands in one of two places is said in words: as a condition over both, it would be of no type in a generated client.
    spaceId: maybe(spaceIdInBody).check(z.describe("Needed, here or inside mediaSpace.")),
    mediaSpace: z.union([z.object({ id: mediaIdInBody, spaceId: maybe(spaceIdInBody) }), mediaIdInBody], {
      error: "must be the media's id, or { id }",
    }),
  }),
  z.transform(({ spaceId, mediaSpace }, { issues }) => {
    const { id, spaceId: inner } = typeof mediaSpace === "string" ? { id: mediaSpace } : mediaSpace;
    const place = spaceId ?? inner;
    const fault =
      place === undefined
        ? { path: ["spaceId"], message: "must be the media's space" }
        : { path: ["mediaSpace", "spaceId"], message: "differs from spaceId" };
    if (place !== undefined && place === (inner ?? place)) return { spaceId: place, mediaSpace: { id } };
    issues.push({ code: "custom", input: place, ...fault });
    return z.NEVER;
  }),
);

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

/** A day begins at midnight, UTC. */
const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: "must be a day, such as 2026-11-28, or a time, such as 2026-11-28T09:00:00Z",
});

/** Each is counted: so many are in a second or two. */
const SPACES_MAX = 50;

export const spacesQuery = z.object({
  limit: z._default(decimal(z.int().check(z.minimum(1), z.maximum(SPACES_MAX))), PAGE).check(z.meta({ default: PAGE })),
  cursor: z.optional(spaceId).check(z.describe("`nextCursor` of the page before.")),
});

export const listQuery = z.object({
  limit: z._default(decimal(z.int().check(z.minimum(1), z.maximum(100))), PAGE).check(z.meta({ default: PAGE })),
  cursor: z
    .optional(z.string().check(z.regex(/^[\w-]{1,171}\.[\w-]{43}$/, "must be a nextCursor of this list")))
    .check(z.describe("`nextCursor` of the page before: good for this tenant and this space.")),
  status: z.optional(z.enum(PROGRESS)).check(z.describe("Only those that stand so.")),
  model: z.optional(z.enum(modelsOf(KLING_MODELS))).check(z.describe("Only those of this model.")),
  from: z.optional(moment).check(z.describe("Only those started then or later.")),
  to: z.optional(moment).check(z.describe("Only those started before.")),
});

export const spendingQuery = z.object({
  from: z
    .optional(moment)
    .check(z.describe("Belongs to it. Without it the first day of the month that `to` lies in, UTC.")),
  to: z.optional(moment).check(z.describe("Does not belong to it. Without it: now.")),
});
