// The bus.
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { createEventBridgeBus } from "../adapters/event-bus.ts";
import { linkedName } from "../environment.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

export const eventBus = lazy(() =>
  createEventBridgeBus({ client: new EventBridgeClient(AWS_CLIENT), busName: linkedName("Bus") }),
);
