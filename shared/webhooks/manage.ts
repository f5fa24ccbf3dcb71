// How a tenant manages its webhooks: create, change, delete, rotate the secret.
import { randomBytes } from "node:crypto";
import { NotOfferedError } from "../kling/errors.ts";
import { instant } from "../media/instant.ts";
import { TooManyWebhooksError, WebhookNotFoundError } from "./errors.ts";
import { WEBHOOK_TYPES, type WebhookType } from "./message.ts";
import type { SealedSecrets, TargetDoor, Webhooks } from "./ports.ts";
import type { Webhook, WebhookRef } from "./webhook.ts";

export interface WebhookWish {
  url: string;
  events?: readonly WebhookType[] | undefined;
  description?: string | undefined;
}

export interface WebhookDeps {
  webhooks: Webhooks;
  secrets: SealedSecrets;
  door: Pick<TargetDoor, "faultOf">;
  clock: { now(): number };
  newId: (nowMs: number) => string;
}

/** Every event of a tenant goes to each of them at once, from one function. */
const MOST_WEBHOOKS = 20;
/** Standard Webhooks: 24 to 64 bytes. */
const SECRET_BYTES = 32;
const OLD_SECRET_SIGNS_MS = 24 * 3600 * 1000;

/** The events of a webhook unless it names others: all but tests, which are sent in any case. */
const ALL_EVENTS = WEBHOOK_TYPES.filter((type) => type !== "webhook.test");

/**
 * Makes a webhook. Its secret is in this answer and nowhere else.
 * @throws NotOfferedError for a URL that we would not call, TooManyWebhooksError
 */
export async function createWebhook(
  { webhooks, secrets, door, clock, newId }: WebhookDeps,
  tenantId: string,
  { url, events = ALL_EVENTS, description }: WebhookWish,
  origin: string,
): Promise<{ webhook: Webhook; secret: string }> {
  expectTarget(door, url);
  if ((await webhooks.list(tenantId)).length >= MOST_WEBHOOKS) throw new TooManyWebhooksError(MOST_WEBHOOKS);
  const now = clock.now();
  const id = newId(now);
  const secret = newSecret();
  const sealed = secrets.seal(secret, { tenantId, webhookId: id });
  const webhook: Webhook = {
    id,
    tenantId,
    url,
    events: [...new Set(events)],
    description,
    enabled: true,
    secret: sealed,
    origin,
    createdAt: instant(now),
  };
  await webhooks.add(webhook);
  return { webhook, secret };
}

/** Those of a tenant, the newest first. */
export async function listWebhooks({ webhooks }: Pick<WebhookDeps, "webhooks">, tenantId: string): Promise<Webhook[]> {
  return (await webhooks.list(tenantId)).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/** @throws WebhookNotFoundError */
export async function getWebhook({ webhooks }: Pick<WebhookDeps, "webhooks">, ref: WebhookRef): Promise<Webhook> {
  return found(await webhooks.get(ref));
}

/**
 * Changes what is named. Enabled again, a webhook has five days anew.
 * @throws NotOfferedError, WebhookNotFoundError
 */
export async function changeWebhook(
  { webhooks, door }: Pick<WebhookDeps, "webhooks" | "door">,
  ref: WebhookRef,
  { url, events, description, enabled }: Partial<WebhookWish> & { enabled?: boolean | undefined },
): Promise<Webhook> {
  if (url !== undefined) expectTarget(door, url);
  const change = {
    ...(url !== undefined && { url }),
    ...(events !== undefined && { events: [...new Set(events)] }),
    ...(description !== undefined && { description }),
    ...(enabled !== undefined && { enabled }),
    ...(enabled && { disabledReason: undefined, failingSince: undefined }),
  };
  return found(await webhooks.change(ref, change));
}

/**
 * Deletes a webhook: no further event is sent, pending deliveries included.
 * @throws WebhookNotFoundError
 */
export async function deleteWebhook({ webhooks }: Pick<WebhookDeps, "webhooks">, ref: WebhookRef): Promise<void> {
  if (!(await webhooks.remove(ref))) throw new WebhookNotFoundError();
}

/**
 * Gives a webhook a new secret, which is in this answer and nowhere else. The old one signs along for a day, so that a
 * receiver may be changed at any time within it.
 * @throws WebhookNotFoundError
 */
export async function rotateSecret(
  { webhooks, secrets, clock }: Pick<WebhookDeps, "webhooks" | "secrets" | "clock">,
  ref: WebhookRef,
): Promise<string> {
  const { secret: old } = found(await webhooks.get(ref));
  const secret = newSecret();
  const until = instant(clock.now() + OLD_SECRET_SIGNS_MS);
  found(await webhooks.change(ref, { secret: secrets.seal(secret, ref), oldSecret: { secret: old, until } }));
  return secret;
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString("base64")}`;
}

function expectTarget(door: Pick<TargetDoor, "faultOf">, url: string): void {
  const message = door.faultOf(url);
  if (message !== undefined) throw new NotOfferedError([{ path: "url", message }]);
}

function found(webhook: Webhook | undefined): Webhook {
  if (!webhook) throw new WebhookNotFoundError();
  return webhook;
}
