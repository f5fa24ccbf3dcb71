// Every minute: announces on the bus each webhook that has something due; a separate function tries it.
import { schedule } from "../../shared/contract/schedule.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { clock } from "../../shared/services/clock.ts";
import { deliveries } from "../../shared/services/tenant-webhooks.ts";
import { webhookBus } from "../../shared/services/webhook-bus.ts";
import { announceDue } from "../../shared/webhooks/announce.ts";

export const handler = onEvent(schedule, async ({ detail }) =>
  announceDue({ deliveries: deliveries(), bus: webhookBus(), clock }, detail),
);
