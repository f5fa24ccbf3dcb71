// GET /api/webhooks/{id}: one webhook of the caller's tenant, without its secret.
import * as z from "zod/mini";
import { webhookPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { webhooks } from "../../shared/services/tenant-webhooks.ts";
import { getWebhook } from "../../shared/webhooks/manage.ts";
import { presentWebhook } from "../../shared/webhooks/webhook.ts";

export const handler = http(z.object({ path: webhookPath }), async ({ path }, { caller }) => {
  const ref = { tenantId: caller("read").tenantId, webhookId: path.id };
  const webhook = await getWebhook({ webhooks: webhooks() }, ref);
  return reply(200, { data: { webhook: presentWebhook(webhook) } });
});
