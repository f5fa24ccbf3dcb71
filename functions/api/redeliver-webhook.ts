// POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver: one more try of the same entry, now, in a separate function.
import * as z from "zod/mini";
import { deliveryPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { askDeps } from "../../shared/services/ask-deps.ts";
import { redeliver } from "../../shared/webhooks/announce.ts";
import { presentDelivery } from "../../shared/webhooks/delivery.ts";

export const handler = http(z.object({ path: deliveryPath }), async ({ path }, { caller }) => {
  const ref = { tenantId: caller("admin").tenantId, webhookId: path.id, deliveryId: path.deliveryId };
  const delivery = await redeliver(askDeps(), ref);
  return reply(202, { data: { delivery: presentDelivery(delivery) } });
});
