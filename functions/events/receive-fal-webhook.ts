// POST /webhooks/fal/{token}: fal reports that a job has ended. The report is verified, and then only starts a check of our own.
import * as z from "zod/mini";
import { falWebhook } from "../../shared/contract/fal-webhook.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { wakeGeneration } from "../../shared/generation/wake.ts";
import { sweepDeps } from "../../shared/services/sweep-deps.ts";
import { claimOf, falSignature } from "../../shared/services/webhooks.ts";

const path = z.object({ token: z.string() });

export const handler = http(z.object({ path, body: falWebhook }), async ({ path, body }, { headers, rawBody }) => {
  const claim = claimOf(path.token);
  await falSignature().verify(headers, rawBody());
  const job = { requestId: body.request_id, gatewayRequestId: body.gateway_request_id };
  await wakeGeneration(sweepDeps(), claim, job);
  return reply(200, { received: true });
});
