// EventBridge's client and the bus over it, in a module of their own: a bundle reads it when there is something to say.
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createAnnouncements, createEventBridgeBus } from "../adapters/event-bus.ts";
import { linkedName } from "../linked.ts";
import type { Announcements, EventBus } from "../media/ports.ts";
import { AWS_CLIENT } from "./aws-client.ts";

export function openEventBridge(): EventBus & Announcements {
  const options = { client: new EventBridgeClient(AWS_CLIENT), busName: linkedName("Bus") };
  return { ...createEventBridgeBus(options), ...createAnnouncements(options) };
}
