// The dependencies of having a delivery tried at once.
import type { AskDeps } from "../webhooks/announce.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";
import { deliveries, webhooks } from "./tenant-webhooks.ts";
import { webhookBus } from "./webhook-bus.ts";

export const askDeps = lazy((): AskDeps => ({
  webhooks: webhooks(),
  deliveries: deliveries(),
  bus: webhookBus(),
  clock,
  log: log(),
}));
