// Generation Requested: the one event that comes in.
import * as z from "zod/mini";
import { enhanceRequest } from "./enhance.ts";
import { maybe } from "./text.ts";
import { idempotencyKeySchema } from "./idempotency-key.ts";

/** The detail of `Generation Requested`: the body of enhance, for a tenant that the sender names. Access to the bus is trust. */
export const generationRequestedDetail = z
  .safeExtend(enhanceRequest, {
    tenantId: z.string().check(
      z.minLength(1),
      z.maxLength(128),
      z.refine((name) => name.isWellFormed(), "must be well-formed Unicode"),
      z.describe("Whose generation it is."),
    ),
    idempotencyKey: maybe(idempotencyKeySchema).check(
      z.describe("The same key and detail again starts nothing. By default the id of the event."),
    ),
  })
  .check(z.describe("Start a generation."));

/** `Generation Requested` as EventBridge delivers it. */
export const generationRequested = z.object({
  id: z.string(),
  source: z.string(),
  /** When the sender put it on the bus; an archive replays it with this time. Absent where a function is called directly. */
  time: z.optional(z.iso.datetime({ offset: true })),
  detail: generationRequestedDetail,
});
