// POST /api/webhooks/{id}/test: `webhook.test` is sent now, in a separate function.
import * as z from "zod/mini";
import { webhookPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { askDeps } from "../../shared/services/ask-deps.ts";
import { testWebhook } from "../../shared/webhooks/announce.ts";
import { presentDelivery } from "../../shared/webhooks/delivery.ts";

export const handler = http(z.object({ path: webhookPath }), async ({ path }, { caller }) => {
  const ref = { tenantId: caller("admin").tenantId, webhookId: path.id };
  const delivery = await testWebhook(askDeps(), ref);
  return reply(202, { data: { delivery: presentDelivery(delivery) } });
});
