// The address at which fal reports the end of a job: it names the claim, and proves that we gave it out.
import * as z from "zod/mini";
import { WebhookRefusedError } from "../media/errors.ts";
import type { Claim } from "../media/media.ts";
import { isSigned, sign } from "./signed.ts";

const claimed = z.tuple([z.string(), z.string(), z.string(), z.int().check(z.positive())]);

/** The path of a claim's webhook: `/webhooks/fal/<claim>.<proof>`, both in base64url. */
export function webhookPath(secret: string, { tenantId, spaceId, mediaId, attempt }: Claim): string {
  const claim = Buffer.from(JSON.stringify([tenantId, spaceId, mediaId, attempt])).toString("base64url");
  return `/webhooks/fal/${claim}.${sign(secret, signedText(claim), "base64url")}`;
}

/**
 * The claim in the last part of such a path.
 * @throws WebhookRefusedError when we did not give it out
 */
export function readWebhookToken(secret: string, token: string): Claim {
  const [claim = "", proof = ""] = token.split(".");
  if (!isSigned(secret, signedText(claim), proof, "base64url")) {
    throw new WebhookRefusedError("This address was not given out by this service.");
  }
  const [tenantId, spaceId, mediaId, attempt] = claimed.parse(JSON.parse(Buffer.from(claim, "base64url").toString()));
  return { tenantId, spaceId, mediaId, attempt };
}

function signedText(claim: string): string {
  return `webhook\n${claim}`;
}
