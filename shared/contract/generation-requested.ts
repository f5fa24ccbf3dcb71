// Generation Requested: the one event that comes in.
import * as z from "zod";
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
