// What webhooks need from outside. One contract suite runs over every implementation of the two stores.
import type { Instant } from "../media/instant.ts";
import type { Delivery, DeliveryRef } from "./delivery.ts";
import type { Message } from "./message.ts";
import type { Answer } from "./verdict.ts";
import type { Webhook, WebhookRef } from "./webhook.ts";

/** The webhooks. */
export interface Webhooks {
  add(webhook: Webhook): Promise<void>;
  /** In a read that sees every write before it. */
  get(ref: WebhookRef): Promise<Webhook | undefined>;
  /** Those of a tenant, in no order, in a read that sees every write before it. */
  list(tenantId: string): Promise<Webhook[]>;
  /** Changes what is named; `undefined` removes it. @returns undefined when there is no such webhook */
  change(ref: WebhookRef, change: Partial<Omit<Webhook, "id" | "tenantId">>): Promise<Webhook | undefined>;
  /** @returns whether there was one */
  remove(ref: WebhookRef): Promise<boolean>;
}

/** The log of deliveries, and those still to be tried. Entries older than 30 days are gone. */
export interface Deliveries {
  /** @returns false when a delivery of this id is there */
  add(delivery: Delivery): Promise<boolean>;
  get(ref: DeliveryRef): Promise<Delivery | undefined>;
  /** Writes what has changed, if nothing has since it was read. @returns what is written; undefined when something had */
  save(delivery: Delivery): Promise<Delivery | undefined>;
  /** Of one webhook, the newest first. `before` is the id of the last one seen. */
  list(
    ref: WebhookRef,
    page: { limit: number; before?: string | undefined },
  ): Promise<{ items: Delivery[]; next?: string }>;
  /** The webhooks that have something to be tried before the instant. */
  dueWebhooks(before: Instant): Promise<WebhookRef[]>;
  /** All that is pending, read through the whole table: the index may have lost what a killed emulator was writing. */
  allPending(): Promise<DeliveryRef[]>;
  /** What is to be tried for one webhook before the instant, the longest due first. */
  due(ref: WebhookRef, before: Instant, limit: number): Promise<DeliveryRef[]>;
}

/** The one door to addresses of others, for a POST: no redirect is followed. */
export interface TargetDoor {
  /** What is wrong with a URL as a target, as far as can be told without asking for it. */
  faultOf(url: string): string | undefined;
  /** Sends a body. Never throws: what goes wrong is an answer. */
  post(url: string, body: string, headers: Record<string, string>): Promise<Answer>;
}

/** Secrets as they are kept: encrypted, each for its webhook alone. */
export interface SealedSecrets {
  seal(secret: string, of: WebhookRef): string;
  /** @throws Error when it was sealed for another webhook, or altered */
  open(sealed: string, of: WebhookRef): string;
}

/** The headers of Standard Webhooks: `webhook-id`, `webhook-timestamp`, `webhook-signature`. */
export type SignMessage = (
  secrets: readonly string[],
  message: Pick<Message, "id" | "body">,
  nowMs: number,
) => Record<string, string>;

/** What is said on the bus of webhooks. */
export interface WebhookBus {
  /** That something of these webhooks, or this one delivery, is to be tried now. */
  announceDue(due: readonly (WebhookRef & { deliveryId?: string })[]): Promise<void>;
  /** That a webhook was disabled, and not by its owner. */
  announceDisabled(webhook: Webhook, reason: string, at: Instant): Promise<void>;
}
