// The webhooks of fal: the addresses that we give out, and the proof of what arrives there.
import { createFalSignature } from "../adapters/fal-signature.ts";
import { EnvironmentError, setting } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { Claim } from "../media/media.ts";
import { readWebhookToken, webhookPath } from "../adapters/webhook-address.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

/** The address at which fal reports the end of a claim's job; undefined where fal cannot reach us. */
export function webhookUrl(claim: Claim): string | undefined {
  const publicUrl = setting("PUBLIC_URL");
  return publicUrl && publicUrl + webhookPath(webhookSecret(), claim);
}

/** The claim that a webhook's address names. @throws WebhookRefusedError */
export function claimOf(token: string): Claim {
  return readWebhookToken(webhookSecret(), token);
}

export const falSignature = lazy(() => createFalSignature({ jwksUrl: setting("FAL_WEBHOOK_JWKS_URL"), clock }));

function webhookSecret(): string {
  const secret = linkedSecret("WebhookSecret");
  if (secret === undefined) throw new EnvironmentError("The secret of the webhooks' addresses is not linked.");
  return secret;
}
