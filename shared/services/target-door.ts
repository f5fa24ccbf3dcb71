// The one door to the targets of webhooks.
import { createTargetDoor } from "../adapters/checked-fetch.ts";
import { trustedWebhookOrigins } from "../environment.ts";
import { lazy } from "./lazy.ts";

export const targetDoor = lazy(() => createTargetDoor({ trustedOrigins: trustedWebhookOrigins() }));
