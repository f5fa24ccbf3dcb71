// EventBridge's client and the bus over it, in a module of their own: a bundle reads it with the first event.
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAnnouncements, createEventBridgeBus } from "../adapters/event-bus.ts";
import { createWebhookBus } from "../adapters/webhook-bus.ts";
import { linkedName } from "../linked.ts";
import type { Announcements, EventBus } from "../media/ports.ts";
import type { WebhookBus } from "../webhooks/ports.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

const options = lazy(() => ({ client: new EventBridgeClient(AWS_CLIENT), busName: linkedName("Bus") }));

export function openEventBridge(): EventBus & Announcements {
  return { ...createEventBridgeBus(options()), ...createAnnouncements(options()) };
}

export function openWebhookBus(): WebhookBus {
  return createWebhookBus(options());
}
