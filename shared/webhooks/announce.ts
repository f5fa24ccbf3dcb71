// Announces on the bus the deliveries to be tried now: those that the sweeper finds due, and those that an owner asks for.
import { forEachConcurrently } from "../media/for-each-concurrently.ts";
import { instant } from "../media/instant.ts";
import type { Clock, Log } from "../media/ports.ts";
import {
  askedAgain,
  isClaimed,
  newDelivery,
  refOfDelivery,
  released,
  resumed,
  type Delivery,
  type DeliveryRef,
} from "./delivery.ts";
import { DeliveryBusyError, DeliveryNotFoundError, WebhookNotFoundError } from "./errors.ts";
import { testMessage } from "./message.ts";
import type { Deliveries, WebhookBus, Webhooks } from "./ports.ts";
import type { WebhookRef } from "./webhook.ts";

export interface AnnounceDeps {
  deliveries: Deliveries;
  bus: Pick<WebhookBus, "announceDue">;
  clock: Pick<Clock, "now">;
}

export interface AskDeps extends AnnounceDeps {
  webhooks: Pick<Webhooks, "get">;
  log: Log;
}

/**
 * The sweeper's part: announces each webhook with something due. A separate function tries each, so that a receiver
 * that hangs delays no other.
 * @param all after a restart: everything pending, and what the previous process had begun
 * @returns how many webhooks had something due
 * @throws AggregateError when some of what is pending could not be taken up; the rest is announced anyway
 */
export async function announceDue(
  { deliveries, bus, clock }: AnnounceDeps,
  { all }: { all: boolean },
): Promise<{ announced: number }> {
  const pending = all ? await deliveries.allPending() : [];
  const faults = await forEachConcurrently(
    pending,
    () => false,
    async (ref) => {
      const delivery = await deliveries.get(ref);
      if (delivery?.status === "pending") await deliveries.save(resumed(delivery, clock.now()));
    },
  );
  const due = await deliveries.dueWebhooks(instant(clock.now()));
  await bus.announceDue(due);
  if (faults.length > 0) {
    throw new AggregateError(faults, `${faults.length} of ${pending.length} deliveries could not be taken up again`);
  }
  return { announced: due.length };
}

/**
 * Sends `webhook.test` now, though the webhook may be disabled.
 * @throws WebhookNotFoundError
 */
export async function testWebhook(deps: AskDeps, ref: WebhookRef): Promise<Delivery> {
  if (!(await deps.webhooks.get(ref))) throw new WebhookNotFoundError();
  const now = deps.clock.now();
  const delivery = { ...newDelivery(ref, testMessage(ref.webhookId, instant(now)), now), asked: true };
  await deps.deliveries.add(delivery);
  await announce(deps, refOfDelivery(delivery));
  return delivery;
}

/**
 * One more try of a delivery, now: a further attempt of the same entry, with the same `webhook-id`.
 * @throws WebhookNotFoundError, DeliveryNotFoundError, DeliveryBusyError
 */
export async function redeliver(deps: AskDeps, ref: DeliveryRef): Promise<Delivery> {
  if (!(await deps.webhooks.get(ref))) throw new WebhookNotFoundError();
  const delivery = await deps.deliveries.get(ref);
  if (!delivery) throw new DeliveryNotFoundError();
  const now = deps.clock.now();
  if (isClaimed(delivery, now)) throw new DeliveryBusyError();
  const saved = await deps.deliveries.save(askedAgain(released(delivery), now));
  if (!saved) throw new DeliveryBusyError();
  await announce(deps, ref);
  return saved;
}

/** The delivery is recorded: if the bus does not take this, the sweeper finds it within a minute. */
async function announce({ bus, log }: AskDeps, ref: DeliveryRef): Promise<void> {
  try {
    await bus.announceDue([ref]);
  } catch (error) {
    log.warn("a delivery is left to the sweeper", { webhookId: ref.webhookId, error: String(error) });
  }
}
