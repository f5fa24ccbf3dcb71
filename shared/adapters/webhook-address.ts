// The address at which fal reports the end of a job: it names the claim, and proves that we gave it out.
import { createHmac, timingSafeEqual } from "node:crypto";
import * as z from "zod/mini";
import { WebhookRefusedError } from "../media/errors.ts";
import type { Claim } from "../media/media.ts";

const claimed = z.tuple([z.string(), z.string(), z.string(), z.int().check(z.positive())]);

/** The path of a claim's webhook: `/webhooks/fal/<claim>.<proof>`, both in base64url. */
export function webhookPath(secret: string, { tenantId, spaceId, mediaId, attempt }: Claim): string {
  const claim = Buffer.from(JSON.stringify([tenantId, spaceId, mediaId, attempt])).toString("base64url");
  return `/webhooks/fal/${claim}.${proofOf(secret, claim).toString("base64url")}`;
}

/**
 * The claim in the last part of such a path.
 * @throws WebhookRefusedError when we did not give it out
 */
export function readWebhookToken(secret: string, token: string): Claim {
  const [claim = "", proof = ""] = token.split(".");
  const [given, right] = [Buffer.from(proof, "base64url"), proofOf(secret, claim)];
  if (given.length !== right.length || !timingSafeEqual(given, right)) {
    throw new WebhookRefusedError("This address was not given out by this service.");
  }
  const [tenantId, spaceId, mediaId, attempt] = claimed.parse(JSON.parse(Buffer.from(claim, "base64url").toString()));
  return { tenantId, spaceId, mediaId, attempt };
}

function proofOf(secret: string, claim: string): Buffer {
  return createHmac("sha256", secret).update(`webhook\n${claim}`).digest();
}
