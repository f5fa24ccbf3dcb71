// Webhook calls signed as fal signs them, with keys of a test's own.
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";

export class WebhookSigner {
  #keys = generateKeyPairSync("ed25519");
  #old: KeyObject[] = [];

  /** What fal publishes. */
  jwks() {
    return { keys: [this.#keys.publicKey, ...this.#old].map((key) => key.export({ format: "jwk" })) };
  }

  /** A new key signs from now on; `forget`: the old one is published no longer. */
  rotate({ forget = false } = {}): void {
    this.#old = forget ? [] : [this.#keys.publicKey, ...this.#old];
    this.#keys = generateKeyPairSync("ed25519");
  }

  /** The headers of a call with this body, signed at this time (epoch ms). */
  headers(body: string, atMs: number, requestId = "r1"): Record<string, string> {
    const timestamp = String(Math.floor(atMs / 1000));
    const digest = createHash("sha256").update(body).digest("hex");
    const message = Buffer.from([requestId, "user-1", timestamp, digest].join("\n"));
    return {
      "content-type": "application/json",
      "x-fal-webhook-request-id": requestId,
      "x-fal-webhook-user-id": "user-1",
      "x-fal-webhook-timestamp": timestamp,
      "x-fal-webhook-signature": sign(null, message, this.#keys.privateKey).toString("hex"),
    };
  }
}

/** What fal posts of a finished job. */
export function webhookBody(requestId: string, more: object = {}): string {
  const payload = { video: { url: "https://fal.example/files/video.mp4" } };
  return JSON.stringify({ request_id: requestId, gateway_request_id: requestId, status: "OK", payload, ...more });
}
