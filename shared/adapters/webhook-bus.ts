// Announcements about webhooks, on EventBridge.
import { PutEventsCommand, type EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { Instant } from "../media/instant.ts";
import type { WebhookBus } from "../webhooks/ports.ts";

/** PutEvents takes 10 entries (AWS: "PutEvents", API reference). */
const ENTRIES_PER_CALL = 10;
/** The sources of public events, and of those that only our own rules receive. */
const OUTGOING = "media.generation";
const INTERNAL = "media.webhooks";

interface Said {
  source: string;
  type: string;
  detail: object;
}

/** The port `WebhookBus` over one bus. Throws where the bus takes less than all. */
export function createWebhookBus({ client, busName }: { client: EventBridgeClient; busName: string }): WebhookBus {
  async function put(said: readonly Said[]): Promise<void> {
    for (let from = 0; from < said.length; from += ENTRIES_PER_CALL) {
      const entries = said.slice(from, from + ENTRIES_PER_CALL).map(({ source, type, detail }) => ({
        EventBusName: busName,
        Source: source,
        DetailType: type,
        Detail: JSON.stringify(detail),
      }));
      const { FailedEntryCount = 0 } = await client.send(new PutEventsCommand({ Entries: entries }));
      if (FailedEntryCount > 0)
        throw new Error(`The bus did not take ${FailedEntryCount} of ${entries.length} events.`);
    }
  }

  return {
    announceDue: (due) => put(due.map((detail) => ({ source: INTERNAL, type: "Webhook Due", detail }))),
    announceDisabled: (webhook, reason, at) => put([disabled(webhook, reason, at)]),
  };
}

function disabled(
  { id: webhookId, tenantId, failingSince, createdAt }: Parameters<WebhookBus["announceDisabled"]>[0],
  reason: string,
  at: Instant,
): Said {
  // The same for each process that notices: it names when the failures began.
  const id = `${webhookId}:disabled:${Date.parse(failingSince ?? createdAt)}`;
  const detail = { version: 1, id, tenantId, webhookId, reason, failingSince, at };
  return { source: OUTGOING, type: "Webhook Disabled", detail };
}
