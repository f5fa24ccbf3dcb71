// A webhook of a tenant: its address, the events it wants, and the secret that signs them.
import type { Instant } from "../media/instant.ts";
import type { WebhookType } from "./message.ts";

/** Names one webhook. The tenant comes from the caller's credential alone. */
export interface WebhookRef {
  tenantId: string;
  webhookId: string;
}

export interface Webhook {
  id: string;
  tenantId: string;
  url: string;
  events: readonly WebhookType[];
  description?: string | undefined;
  enabled: boolean;
  /** Why it is not, where it was not its owner who disabled it. */
  disabledReason?: DisabledReason | undefined;
  /** Since when every try has failed; absent after a success. */
  failingSince?: Instant | undefined;
  /** Encrypted (`SealedSecrets`). */
  secret: string;
  /** The one before, which signs along until then. */
  oldSecret?: { secret: string; until: Instant } | undefined;
  /** Where the API was called when the webhook was made: what the addresses in its messages begin with. */
  origin: string;
  createdAt: Instant;
}

/** The receiver answered 410, or has taken nothing for five days. */
export type DisabledReason = "gone" | "failing";

/** A webhook as it may be shown: without its secret. */
export function presentWebhook(webhook: Webhook) {
  const { id, url, events, description, enabled, disabledReason, failingSince, createdAt } = webhook;
  return { id, url, events, description, enabled, disabledReason, failingSince, createdAt };
}
