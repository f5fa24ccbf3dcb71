// PATCH /api/webhooks/{id}: another URL, other events, another description; disabled, or enabled again.
import * as z from "zod/mini";
import { changeWebhookRequest, webhookPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { targetDoor } from "../../shared/services/target-door.ts";
import { webhooks } from "../../shared/services/tenant-webhooks.ts";
import { changeWebhook } from "../../shared/webhooks/manage.ts";
import { presentWebhook } from "../../shared/webhooks/webhook.ts";

export const handler = http(
  z.object({ path: webhookPath, body: changeWebhookRequest }),
  async ({ path, body }, { caller }) => {
    const ref = { tenantId: caller("admin").tenantId, webhookId: path.id };
    const webhook = await changeWebhook({ webhooks: webhooks(), door: targetDoor() }, ref, body);
    return reply(200, { data: { webhook: presentWebhook(webhook) } });
  },
);
