// An outgoing event: a delivery is recorded for each webhook of its tenant that wants it, and tried at once.
import { toldEvent } from "../../shared/contract/webhooks.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { setting } from "../../shared/environment.ts";
import { deliverDeps } from "../../shared/services/deliver-deps.ts";
import { tellWebhooks } from "../../shared/webhooks/deliver.ts";

export const handler = onEvent(toldEvent, async ({ "detail-type": type, detail }) =>
  tellWebhooks(deliverDeps(), type, detail, setting("PUBLIC_URL")),
);
