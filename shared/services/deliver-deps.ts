// The dependencies of trying a delivery.
import { signMessage } from "../adapters/message-signature.ts";
import type { DeliverDeps } from "../webhooks/deliver.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";
import { targetDoor } from "./target-door.ts";
import { deliveries, sealedSecrets, webhooks } from "./tenant-webhooks.ts";
import { webhookBus } from "./webhook-bus.ts";

export const deliverDeps = lazy((): DeliverDeps => ({
  webhooks: webhooks(),
  deliveries: deliveries(),
  secrets: sealedSecrets(),
  door: targetDoor(),
  sign: signMessage,
  bus: webhookBus(),
  clock,
  random: Math.random,
  log: log(),
}));
