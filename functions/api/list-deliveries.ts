// GET /api/webhooks/{id}/deliveries: what was sent to a webhook in the last 30 days, the newest first, with each try.
import * as z from "zod/mini";
import { deliveriesQuery, webhookPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { deliveries, webhooks } from "../../shared/services/tenant-webhooks.ts";
import { presentDelivery } from "../../shared/webhooks/delivery.ts";
import { getWebhook } from "../../shared/webhooks/manage.ts";

export const handler = http(
  z.object({ path: webhookPath, query: deliveriesQuery }),
  async ({ path, query: { limit, cursor } }, { caller }) => {
    const ref = { tenantId: caller("read").tenantId, webhookId: path.id };
    await getWebhook({ webhooks: webhooks() }, ref);
    const { items, next } = await deliveries().list(ref, { limit, before: cursor });
    return reply(200, { data: { items: items.map(presentDelivery), nextCursor: next } });
  },
);
