// The webhooks of tenants: their configuration, their secrets, and the log of their deliveries.
import { createDynamoDeliveries } from "../adapters/dynamo-deliveries.ts";
import { createDynamoWebhooks } from "../adapters/dynamo-webhooks.ts";
import { createSealedSecrets } from "../adapters/sealed-secrets.ts";
import { EnvironmentError } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import { clock } from "./clock.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";
import { tellUnreadable } from "./unreadable-items.ts";

export const webhooks = lazy(() => createDynamoWebhooks({ ...mediaTable(), tellUnreadable }));

export const deliveries = lazy(() => createDynamoDeliveries({ ...mediaTable(), clock, tellUnreadable }));

export const sealedSecrets = lazy(() => {
  const secret = linkedSecret("SealSecret");
  if (secret === undefined) throw new EnvironmentError("The secret that seals the webhooks' secrets is not linked.");
  return createSealedSecrets(secret);
});
