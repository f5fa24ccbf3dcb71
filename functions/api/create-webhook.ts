// POST /api/webhooks: registers an address that receives the tenant's events. Its secret is in this answer and nowhere else.
import * as z from "zod/mini";
import { createWebhookRequest } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { originOf } from "../../shared/edge/origin.ts";
import { clock } from "../../shared/services/clock.ts";
import { log } from "../../shared/services/log.ts";
import { newId } from "../../shared/services/new-id.ts";
import { targetDoor } from "../../shared/services/target-door.ts";
import { sealedSecrets, webhooks } from "../../shared/services/tenant-webhooks.ts";
import { createWebhook } from "../../shared/webhooks/manage.ts";
import { presentWebhook } from "../../shared/webhooks/webhook.ts";

export const handler = http(z.object({ body: createWebhookRequest }), async ({ body }, { caller, headers }) => {
  const { tenantId, userId } = caller("admin");
  const deps = { webhooks: webhooks(), secrets: sealedSecrets(), door: targetDoor(), clock, newId };
  const { webhook, secret } = await createWebhook(deps, tenantId, body, originOf(headers));
  log().info("webhook created", { webhookId: webhook.id, tenantId, by: userId });
  return reply(201, { data: { webhook: presentWebhook(webhook), secret } });
});
