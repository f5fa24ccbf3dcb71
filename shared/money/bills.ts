// What fal has billed, as its billing events tell it.
import { DomainError } from "../kling/errors.ts";
import type { Instant } from "../media/instant.ts";
import type { Range } from "./ledger.ts";

/** One entry of fal's bill. A request may have several: they add up. */
export interface BillingEvent {
  requestId: string;
  endpointId: string;
  at: Instant;
  /** What has to be paid. */
  nanoUsd: number;
  /** Before any discount. */
  listNanoUsd: number;
}

/** fal's bill. @throws BillUnreadableError */
export interface Bills {
  /** One page of what was billed in a range of at most 90 days. @param cursor `next` of the page before */
  page(range: Range, cursor?: string): Promise<{ events: BillingEvent[]; next?: string }>;
  /** All that was billed in the range for these requests. */
  of(requestIds: readonly string[], range: Range): Promise<BillingEvent[]>;
}

/** fal does not show its bill. */
export class BillUnreadableError extends DomainError {
  override readonly name = "BillUnreadableError";
  readonly code = "bill_unreadable";
  constructor(why: string) {
    super(`fal.ai's bill could not be read: ${why}`);
  }
}
