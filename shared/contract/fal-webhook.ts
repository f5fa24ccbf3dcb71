// What fal posts when a job has ended (fal docs, "Webhooks"). Only its names are read: what became of it we ask fal ourselves.
import * as z from "zod/mini";

export const falWebhook = z.object({
  request_id: z.string().check(z.minLength(1), z.maxLength(200)),
  /** fal may send null where it has nothing to say. */
  gateway_request_id: z.catch(z.optional(z.string()), undefined),
});
