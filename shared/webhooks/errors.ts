// The errors of managing webhooks.
import { DomainError } from "../kling/errors.ts";

/** No such webhook of this tenant (another tenant's reads the same). */
export class WebhookNotFoundError extends DomainError {
  override readonly name = "WebhookNotFoundError";
  readonly code = "webhook_not_found";
  constructor() {
    super("There is no such webhook. GET /api/webhooks lists the webhooks of your tenant.");
  }
}

/** No such delivery of this webhook, or it is older than the log. */
export class DeliveryNotFoundError extends DomainError {
  override readonly name = "DeliveryNotFoundError";
  readonly code = "delivery_not_found";
  constructor() {
    super("There is no such delivery. GET /api/webhooks/{id}/deliveries lists those of the last 30 days.");
  }
}

/** A tenant has the maximum number of webhooks. */
export class TooManyWebhooksError extends DomainError {
  override readonly name = "TooManyWebhooksError";
  readonly code = "too_many_webhooks";
  constructor(most: number) {
    super(`This tenant has ${most} webhooks, the maximum. Delete one that is not needed any more.`);
  }
}

/** A delivery changes while it is being redelivered: a try of it has just begun or ended. */
export class DeliveryBusyError extends DomainError {
  override readonly name = "DeliveryBusyError";
  readonly code = "delivery_busy";
  constructor() {
    super("This delivery is being tried at this moment. Look at it again, and redeliver it if that try failed.");
  }
}
