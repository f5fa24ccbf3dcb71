// Delivers events to webhooks: each delivery is recorded before it is sent, and tried until it succeeds or is given up.
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { instant } from "../media/instant.ts";
import type { Clock, Log } from "../media/ports.ts";
import {
  abandoned,
  claimed,
  isClaimed,
  isDue,
  newDelivery,
  refOfDelivery,
  released,
  tried,
  type Attempt,
  type Delivery,
  type DeliveryRef,
} from "./delivery.ts";
import { messageOf, WEBHOOK_TYPE_OF, type ToldDetail, type ToldEvent } from "./message.ts";
import type { Deliveries, SealedSecrets, SignMessage, TargetDoor, WebhookBus, Webhooks } from "./ports.ts";
import { verdictOf, type Answer, type Verdict } from "./verdict.ts";
import type { DisabledReason, Webhook, WebhookRef } from "./webhook.ts";

export interface DeliverDeps {
  webhooks: Webhooks;
  deliveries: Deliveries;
  secrets: Pick<SealedSecrets, "open">;
  door: Pick<TargetDoor, "post">;
  sign: SignMessage;
  bus: WebhookBus;
  clock: Clock;
  /** From 0 to 1. */
  random(): number;
  log: Log;
}

/** The second try is made by the function that made the first, if it is due so soon. */
const SOON_MS = 20_000;
/** For a receiver that has been failing for longer, the sweeper makes every try: a flood of events to it holds no functions. */
const SICK_AFTER_MS = 10 * 60 * 1000;
const DISABLED_AFTER_MS = 5 * 24 * 3600 * 1000;

/** Of one webhook in one run, ten at once; what is left is due again in a minute. */
const DELIVERIES_PER_RUN = 500;
/** With a last try of 15 s it ends before its function does, and before the next run. */
const RUN_MS = 30_000;

/** Some messages could not be tried, or their outcome not be written. They are due again. */
class DeliverError extends AggregateError {
  override readonly name = "DeliverError";
}

/**
 * Takes an event of the bus: one delivery is recorded for each webhook of its tenant that wants it, and tried at once.
 * The same event again yields the same deliveries.
 * @param publicUrl of the API; where it is unset, messages name the address at which their webhook was made
 * @throws DeliverError
 */
export async function tellWebhooks(
  deps: DeliverDeps,
  event: ToldEvent,
  detail: ToldDetail,
  publicUrl: string | undefined,
): Promise<void> {
  const webhooks = await deps.webhooks.list(detail.tenantId);
  const told = webhooks.filter(({ enabled, events }) => enabled && events.includes(WEBHOOK_TYPE_OF[event]));
  const outcomes = await Promise.allSettled(
    told.map(async (webhook) => {
      const { tenantId, id: webhookId, origin } = webhook;
      const message = messageOf(event, detail, publicUrl ?? origin);
      const delivery = newDelivery({ tenantId, webhookId }, message, deps.clock.now());
      await deps.deliveries.add(delivery);
      // Due at once: the sweeper announces it within a minute, and one function tries all that its webhook has, ten at a time.
      if (isSick(webhook, deps.clock.now())) return;
      await deliver(deps, refOfDelivery(delivery));
    }),
  );
  throwIfAny(outcomes.flatMap((outcome): unknown[] => (outcome.status === "rejected" ? [outcome.reason] : [])));
}

/** Tries a delivery, and soon after a failure once more. */
export async function deliver(deps: DeliverDeps, ref: DeliveryRef): Promise<void> {
  const first = await tryOnce(deps, ref);
  if (!first?.delivery.nextAttemptAt) return;
  const { delivery, webhook } = first;
  const waitMs = Date.parse(first.delivery.nextAttemptAt) - deps.clock.now();
  if (delivery.status !== "pending" || waitMs > SOON_MS || isSick(webhook, deps.clock.now())) return;
  await deps.clock.sleep(waitMs);
  await tryOnce(deps, ref);
}

/**
 * Tries what is due of one webhook.
 * @throws DeliverError
 */
export async function deliverDue(deps: DeliverDeps, ref: WebhookRef): Promise<void> {
  const startedAt = deps.clock.now();
  const due = await deps.deliveries.due(ref, instant(startedAt), DELIVERIES_PER_RUN);
  const isOver = () => deps.clock.now() - startedAt > RUN_MS;
  throwIfAny(
    await forEachConcurrently(due, isOver, async (one) => {
      await tryOnce(deps, one);
    }),
  );
}

/** @returns the outcome; undefined when there was nothing to try, or another function tries it */
async function tryOnce(
  deps: DeliverDeps,
  ref: DeliveryRef,
): Promise<{ delivery: Delivery; webhook: Webhook } | undefined> {
  const { webhooks, deliveries, clock } = deps;
  const found = await deliveries.get(ref);
  if (!found || isClaimed(found, clock.now())) return undefined;
  const delivery = released(found);
  if (!isDue(delivery, clock.now())) {
    if (found.claim) await deliveries.save(delivery);
    return undefined;
  }
  const webhook = await webhooks.get(ref);
  if (!webhook?.enabled && !(webhook && delivery.asked)) {
    const why = webhook ? "The webhook is disabled: nothing was sent." : "The webhook was deleted: nothing was sent.";
    await deliveries.save(abandoned(delivery, why, clock.now()));
    return undefined;
  }
  // Durable before the message is sent: a function that dies in the middle leaves a claim that runs out.
  const begun = await deliveries.save(claimed(delivery, clock.now()));
  if (!begun) return undefined;
  const { attempt, verdict } = await send(deps, webhook, begun);
  const saved = await deliveries.save(tried(begun, attempt, verdict, { nowMs: clock.now(), random: deps.random() }));
  await noteOutcome(deps, webhook, verdict, attempt);
  return saved && { delivery: saved, webhook };
}

async function send(
  { secrets, sign, door, clock }: DeliverDeps,
  webhook: Webhook,
  { messageId: id, body }: Delivery,
): Promise<{ attempt: Attempt; verdict: Verdict }> {
  const startedAt = clock.now();
  const headers = sign(signingSecrets(secrets, webhook, startedAt), { id, body }, startedAt);
  const answer = await door.post(webhook.url, body, headers);
  const verdict = verdictOf(answer, clock.now());
  const attempt = {
    at: instant(startedAt),
    statusCode: statusOf(answer),
    error: verdict.outcome === "delivered" ? undefined : verdict.error,
    milliseconds: clock.now() - startedAt,
  };
  return { attempt, verdict };
}

/** The secrets that sign at this moment, in clear, the newest first. */
function signingSecrets(secrets: Pick<SealedSecrets, "open">, webhook: Webhook, nowMs: number): string[] {
  const { tenantId, id: webhookId, secret, oldSecret } = webhook;
  const old = oldSecret && Date.parse(oldSecret.until) > nowMs ? [oldSecret.secret] : [];
  return [secret, ...old].map((sealed) => secrets.open(sealed, { tenantId, webhookId }));
}

const statusOf = (answer: Answer) => ("statusCode" in answer ? answer.statusCode : undefined);

/** A success ends a time of failures; five days of nothing else, or a 410, disable the webhook. */
async function noteOutcome(deps: DeliverDeps, webhook: Webhook, verdict: Verdict, { at }: Attempt): Promise<void> {
  const ref = { tenantId: webhook.tenantId, webhookId: webhook.id };
  const isFailing = webhook.failingSince !== undefined;
  if (verdict.outcome === "delivered") {
    if (isFailing) await deps.webhooks.change(ref, { failingSince: undefined });
  } else if (verdict.outcome === "gone") {
    if (webhook.enabled) await disable(deps, webhook, "gone");
  } else if (!isFailing) await deps.webhooks.change(ref, { failingSince: at });
  else if (webhook.enabled && failedFor(webhook, deps.clock.now()) >= DISABLED_AFTER_MS) {
    // A try takes up to 15 s: meanwhile another may have succeeded, or the owner enabled the webhook anew.
    const current = await deps.webhooks.get(ref);
    if (current?.enabled && current.failingSince === webhook.failingSince) await disable(deps, webhook, "failing");
  }
}

/** Announced before it is written: a repeated announcement has the same id. */
async function disable({ webhooks, bus, clock, log }: DeliverDeps, webhook: Webhook, reason: DisabledReason) {
  const { tenantId, id: webhookId } = webhook;
  await bus.announceDisabled(webhook, reason, instant(clock.now()));
  await webhooks.change({ tenantId, webhookId }, { enabled: false, disabledReason: reason });
  log.warn("webhook disabled", { event: "webhook_disabled", webhookId, tenantId, code: reason });
}

function isSick(webhook: Webhook, nowMs: number): boolean {
  return failedFor(webhook, nowMs) > SICK_AFTER_MS;
}

function failedFor({ failingSince }: Webhook, nowMs: number): number {
  return failingSince === undefined ? 0 : nowMs - Date.parse(failingSince);
}

function throwIfAny(faults: unknown[]): void {
  if (faults.length > 0) throw new DeliverError(faults, `${faults.length} deliveries could not be tried or written`);
}
