// POST /api/webhooks/{id}/rotate-secret: a new secret, in this answer and nowhere else; the old one signs along for a day.
import * as z from "zod/mini";
import { webhookPath } from "../../shared/contract/webhooks.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { clock } from "../../shared/services/clock.ts";
import { log } from "../../shared/services/log.ts";
import { sealedSecrets, webhooks } from "../../shared/services/tenant-webhooks.ts";
import { rotateSecret } from "../../shared/webhooks/manage.ts";

export const handler = http(z.object({ path: webhookPath }), async ({ path }, { caller }) => {
  const { tenantId, userId } = caller("admin");
  const ref = { tenantId, webhookId: path.id };
  const secret = await rotateSecret({ webhooks: webhooks(), secrets: sealedSecrets(), clock }, ref);
  log().info("webhook secret rotated", { webhookId: path.id, tenantId, by: userId });
  return reply(200, { data: { secret } });
});
