// What fal posts when a job has ended (fal docs, "Webhooks"). Only its names are read: what became of it we ask fal ourselves.
import * as z from "zod";

export const falWebhook = z.object({
  request_id: z.string().min(1).max(200),
  /** fal may send null where it has nothing to say. */
  gateway_request_id: z.string().optional().catch(undefined),
});
