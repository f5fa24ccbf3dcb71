// One event on its way to one webhook: what was tried, how it went, and when it is tried again.
import { createHash } from "node:crypto";
import { instant, type Instant } from "../media/instant.ts";
import type { Message, WebhookType } from "./message.ts";
import { nextTry, type Verdict } from "./verdict.ts";
import type { WebhookRef } from "./webhook.ts";

export interface DeliveryRef extends WebhookRef {
  deliveryId: string;
}

export interface Attempt {
  at: Instant;
  statusCode?: number | undefined;
  error?: string | undefined;
  milliseconds: number;
}

export interface Delivery {
  /** 12 hexadecimal digits of the event's time and 20 of its name: sorts by time, and is the same however often the bus tells the event. */
  id: string;
  tenantId: string;
  webhookId: string;
  /** The header `webhook-id`. */
  messageId: string;
  type: WebhookType;
  mediaId?: string | undefined;
  body: string;
  status: "pending" | "delivered" | "failed";
  attempts: readonly Attempt[];
  /** Of the pending: when it is tried next. */
  nextAttemptAt?: Instant | undefined;
  /** A try has begun and its end is not recorded: until this time no other function tries. */
  claim?: { at: Instant; until: Instant } | undefined;
  /** The owner asked for the next try: it is made even if the webhook is disabled. */
  asked?: boolean | undefined;
  createdAt: Instant;
  /** When the table forgets it: epoch seconds, DynamoDB's TTL unit. */
  expiresAt: number;
  version: number;
}

export const DELIVERY_ID = /^[0-9a-f]{32}$/;
const KEPT_MS = 30 * 24 * 3600 * 1000;
/** A try takes 15 s at most, and its write some more. */
const CLAIM_MS = 30_000;
/** How many tries a log entry shows of a delivery that its owner redelivers many times. */
const ATTEMPTS_KEPT = 50;

/** A delivery before its first try. */
export function newDelivery({ tenantId, webhookId }: WebhookRef, message: Message, nowMs: number): Delivery {
  const { id: messageId, type, at, mediaId, body } = message;
  const now = instant(nowMs);
  return {
    id: deliveryId(messageId, at),
    tenantId,
    webhookId,
    messageId,
    type,
    mediaId,
    body,
    status: "pending",
    attempts: [],
    nextAttemptAt: now,
    createdAt: now,
    expiresAt: Math.floor((nowMs + KEPT_MS) / 1000),
    version: 0,
  };
}

function deliveryId(messageId: string, at: Instant): string {
  const time = Date.parse(at).toString(16).padStart(12, "0");
  return time + createHash("sha256").update(messageId).digest("hex").slice(0, 20);
}

export function refOfDelivery({ tenantId, webhookId, id: deliveryId }: Delivery): DeliveryRef {
  return { tenantId, webhookId, deliveryId };
}

/** Whether another function is trying it. */
export function isClaimed({ claim }: Delivery, nowMs: number): boolean {
  return claim !== undefined && Date.parse(claim.until) > nowMs;
}

/** Whether its next try is to be made now. */
export function isDue({ status, nextAttemptAt }: Delivery, nowMs: number): boolean {
  return status === "pending" && (nextAttemptAt === undefined || Date.parse(nextAttemptAt) <= nowMs);
}

/** As it is while a try runs. */
export function claimed(delivery: Delivery, nowMs: number): Delivery {
  return { ...delivery, claim: { at: instant(nowMs), until: instant(nowMs + CLAIM_MS) } };
}

/** Without the claim of a function that died: the try that it had begun counts as failed. */
export function released(delivery: Delivery): Delivery {
  const { claim } = delivery;
  if (!claim) return delivery;
  const beganMs = Date.parse(claim.at);
  const error =
    "The function that made this try ended before it could write down the answer: the receiver may have got it.";
  const attempt = { at: claim.at, error, milliseconds: Date.parse(claim.until) - beganMs };
  return tried(delivery, attempt, { outcome: "failed", error }, { nowMs: beganMs, random: 0.5 });
}

/** After a restart, when every function of the previous process is gone: a begun try is repeated at once. */
export function resumed(delivery: Delivery, nowMs: number): Delivery {
  const free = released(delivery);
  return delivery.claim && free.status === "pending" ? { ...free, nextAttemptAt: instant(nowMs) } : free;
}

/** As it is after a try. */
export function tried(
  delivery: Delivery,
  attempt: Attempt,
  verdict: Verdict,
  { nowMs, random }: { nowMs: number; random: number },
): Delivery {
  const attempts = withAttempt(delivery, attempt);
  const ended = { ...delivery, attempts, claim: undefined, asked: undefined, nextAttemptAt: undefined };
  if (verdict.outcome === "delivered") return { ...ended, status: "delivered" };
  const notBeforeMs = verdict.outcome === "failed" ? verdict.notBeforeMs : undefined;
  const next = verdict.outcome === "failed" ? nextTry(attempts.length, nowMs, random, notBeforeMs) : undefined;
  return next === undefined
    ? { ...ended, status: "failed" }
    : { ...ended, status: "pending", nextAttemptAt: instant(next) };
}

/** Ended without a try: its webhook is disabled or gone. */
export function abandoned(delivery: Delivery, error: string, nowMs: number): Delivery {
  const attempts = withAttempt(delivery, { at: instant(nowMs), error, milliseconds: 0 });
  return { ...delivery, status: "failed", attempts, claim: undefined, asked: undefined, nextAttemptAt: undefined };
}

/** To be tried once more, at once, because its owner asked. */
export function askedAgain(delivery: Delivery, nowMs: number): Delivery {
  const expiresAt = Math.max(delivery.expiresAt, Math.floor((nowMs + KEPT_MS / 2) / 1000));
  return { ...delivery, status: "pending", asked: true, nextAttemptAt: instant(nowMs), expiresAt };
}

/** A delivery as it may be shown. */
export function presentDelivery({ id, type, mediaId, status, attempts, nextAttemptAt, createdAt }: Delivery) {
  return { id, type, mediaId, status, attempts, nextAttemptAt, createdAt };
}

function withAttempt({ attempts }: Delivery, attempt: Attempt): Attempt[] {
  return [...attempts, attempt].slice(-ATTEMPTS_KEPT);
}
