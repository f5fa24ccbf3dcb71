// Whether a webhook call was made by fal, and just now: Ed25519 over the raw body, by the keys that fal publishes.
import { createHash, createPublicKey, verify, type JsonWebKey, type KeyObject } from "node:crypto";
import * as z from "zod/mini";
import { ProviderUnavailableError, WebhookRefusedError } from "../media/errors.ts";
import type { Clock } from "../media/ports.ts";
import { boundedText } from "./bounded-answer.ts";

export interface FalSignatureOptions {
  jwksUrl: string;
  clock: Clock;
}

export interface FalSignature {
  /** @throws WebhookRefusedError, ProviderUnavailableError when fal's keys cannot be fetched just now */
  verify(headers: Record<string, string | undefined>, rawBody: Uint8Array): Promise<void>;
}

/** "Reject requests whose timestamp is more than 300 seconds off", "cache for at most 24 hours" (fal docs, "Webhooks"). */
const MAX_AGE_SECONDS = 300;
const KEYS_KEPT_MS = 24 * 3600 * 1000;
/** A key that we do not know may be new; asking for it more often would let strangers make us call fal. */
const BETWEEN_FETCHES_MS = 30_000;
const FETCH_TIMEOUT_MS = 5_000;

const signed = z.object({
  "x-fal-webhook-request-id": z.string().check(z.minLength(1)),
  "x-fal-webhook-user-id": z.string(),
  "x-fal-webhook-timestamp": z.string().check(z.regex(/^\d{1,12}$/)),
  "x-fal-webhook-signature": z.string().check(z.regex(/^[0-9a-f]{128}$/i)),
});
const jwks = z.object({ keys: z.array(z.looseObject({ kty: z.string(), crv: z.optional(z.string()) })) });

/** Verifies calls as fal's documentation says ("Webhooks", docs.fal.ai). The keys are kept for the life of the function. */
export function createFalSignature({ jwksUrl, clock }: FalSignatureOptions): FalSignature {
  let kept: { keys: KeyObject[]; at: number } | undefined;
  let lastTry = -Infinity;

  async function fetchKeys(): Promise<KeyObject[]> {
    lastTry = clock.now();
    try {
      const response = await fetch(jwksUrl, { redirect: "manual", signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      const keys = jwks
        .parse(JSON.parse(await boundedText(response)))
        .keys.filter(isEd25519)
        .map(publicKey);
      kept = { keys, at: clock.now() };
      return keys;
    } catch (error) {
      throw new ProviderUnavailableError(`the keys of its webhooks (${String(error)})`);
    }
  }

  return {
    async verify(headers, rawBody) {
      const given = signed.safeParse(headers).data;
      if (!given) throw new WebhookRefusedError("The call is not signed as fal signs its webhooks.");
      const timestamp = given["x-fal-webhook-timestamp"];
      if (Math.abs(clock.now() / 1000 - Number(timestamp)) > MAX_AGE_SECONDS) {
        throw new WebhookRefusedError("The call was signed too long ago, or its clock is wrong.");
      }
      const digest = createHash("sha256").update(rawBody).digest("hex");
      const message = Buffer.from(
        [given["x-fal-webhook-request-id"], given["x-fal-webhook-user-id"], timestamp, digest].join("\n"),
      );
      const signature = Buffer.from(given["x-fal-webhook-signature"], "hex");
      const isSignedBy = (key: KeyObject) => verify(null, message, key, signature);

      const fresh = kept && clock.now() - kept.at < KEYS_KEPT_MS ? kept.keys : undefined;
      if (fresh?.some(isSignedBy)) return;
      const mayFetch = fresh === undefined || clock.now() - lastTry >= BETWEEN_FETCHES_MS;
      if (!mayFetch || !(await fetchKeys()).some(isSignedBy)) {
        throw new WebhookRefusedError("The signature is not fal's.");
      }
    },
  };
}

function isEd25519({ kty, crv }: z.infer<typeof jwks>["keys"][number]): boolean {
  return kty === "OKP" && crv === "Ed25519";
}

function publicKey(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}
