// What the state machine hands to a step: keys, and what the steps before it said.
import * as z from "zod/mini";
import { FAILURE_CODES } from "../media/failures.ts";

export const stepInput = z.object({
  tenantId: z.string(),
  spaceId: z.string(),
  mediaId: z.string(),
});

const failureCode = z.enum(FAILURE_CODES);

/** A request id that the submit brought and may not have been able to record. */
export const checkInput = z.extend(stepInput, {
  lap: z._default(z.boolean(), true),
  step: z.optional(z.object({ requestId: z.optional(z.string()) })),
});

/** A check's verdict, or what Step Functions caught; the verdict of this lap wins over an older catch. */
export const failureInput = z.extend(stepInput, {
  step: z.optional(z.object({ next: z.string(), code: z.optional(failureCode) })),
  failure: z.optional(z.object({ Error: z.string(), Cause: z.optional(z.string()) })),
});
