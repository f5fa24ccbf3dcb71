// Webhook Due: tries one delivery that was asked for, or all that are due of one webhook. Each webhook has its own invocation.
import { webhookDue } from "../../shared/contract/webhooks.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { deliverDeps } from "../../shared/services/deliver-deps.ts";
import { deliver, deliverDue } from "../../shared/webhooks/deliver.ts";

export const handler = onEvent(webhookDue, async ({ detail: { tenantId, webhookId, deliveryId } }) =>
  deliveryId === undefined
    ? deliverDue(deliverDeps(), { tenantId, webhookId })
    : deliver(deliverDeps(), { tenantId, webhookId, deliveryId }),
);
