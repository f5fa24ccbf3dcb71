// GET /api/webhooks: the webhooks of the caller's tenant, the newest first, without their secrets.
import * as z from "zod/mini";
import { http, reply } from "../../shared/edge/lambda.ts";
import { webhooks } from "../../shared/services/tenant-webhooks.ts";
import { listWebhooks } from "../../shared/webhooks/manage.ts";
import { presentWebhook } from "../../shared/webhooks/webhook.ts";

export const handler = http(z.object({}), async (_, { caller }) => {
  const found = await listWebhooks({ webhooks: webhooks() }, caller("read").tenantId);
  return reply(200, { data: { items: found.map(presentWebhook) } });
});
