// The signature of Standard Webhooks, by the project's own package.
import { Webhook } from "standardwebhooks";
import type { SignMessage } from "../webhooks/ports.ts";

/**
 * The port `SignMessage`: one signature for each secret, between spaces, over `<id>.<seconds>.<body>`.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export const signMessage: SignMessage = (secrets, { id, body }, nowMs) => ({
  "webhook-id": id,
  "webhook-timestamp": String(Math.floor(nowMs / 1000)),
  "webhook-signature": secrets.map((secret) => new Webhook(secret).sign(id, new Date(nowMs), body)).join(" "),
});
