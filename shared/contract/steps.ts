// What the state machine hands to a step: keys, and what the steps before it said.
import * as z from "zod";
import { FAILURE_CODES } from "../media/failures.ts";

export const stepInput = z.object({
  tenantId: z.string(),
  spaceId: z.string(),
  mediaId: z.string(),
});

const failureCode = z.enum(FAILURE_CODES);

/** A request id that the submit brought and may not have been able to record. */
export const checkInput = stepInput.extend({
  lap: z.boolean().default(true),
  step: z.object({ requestId: z.string().optional() }).optional(),
});

/** A check's verdict, or what Step Functions caught; the verdict of this very lap wins over an older catch. */
export const failureInput = stepInput.extend({
  step: z.object({ next: z.string(), code: failureCode.optional() }).optional(),
  failure: z.object({ Error: z.string() }).optional(),
});
