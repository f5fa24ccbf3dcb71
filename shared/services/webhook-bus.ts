// Announcements about webhooks on the bus.
import type { WebhookBus } from "../webhooks/ports.ts";
import { lazy } from "./lazy.ts";

/** Its client is read with the first announcement: most runs of the sweeper have none. */
const bus = lazy(async () => (await import("./event-bridge.ts")).openWebhookBus());

export const webhookBus = lazy((): WebhookBus => ({
  announceDue: async (due) => {
    if (due.length > 0) await (await bus()).announceDue(due);
  },
  announceDisabled: async (...of) => (await bus()).announceDisabled(...of),
}));
