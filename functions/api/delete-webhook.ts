// DELETE /api/webhooks/{id}: nothing more is sent to it, pending deliveries included.
import * as z from "zod/mini";
import { webhookPath } from "../../shared/contract/webhooks.ts";
import { http } from "../../shared/edge/lambda.ts";
import { log } from "../../shared/services/log.ts";
import { webhooks } from "../../shared/services/tenant-webhooks.ts";
import { deleteWebhook } from "../../shared/webhooks/manage.ts";

export const handler = http(z.object({ path: webhookPath }), async ({ path }, { caller }) => {
  const { tenantId, userId } = caller("admin");
  await deleteWebhook({ webhooks: webhooks() }, { tenantId, webhookId: path.id });
  log().info("webhook deleted", { webhookId: path.id, tenantId, by: userId });
  return { statusCode: 204, headers: { "cache-control": "no-store" } };
});
