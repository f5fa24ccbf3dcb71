// The books beside the records: which jobs fal accepted for which record, and each tenant's estimated and billed costs.
import { TEST_MODE_REQUEST_ID } from "../kling/models.ts";
import type { Instant } from "../media/instant.ts";
import { refOf, type Media, type MediaRef } from "../media/media.ts";
import { nanoOf } from "./nano.ts";

/** A job that fal has accepted. A bill names only the job: this entry leads from it to the record. */
export interface AcceptedRequest extends MediaRef {
  requestId: string;
  /** When we learned of the job. */
  at: Instant;
  /** By the price list. */
  estimatedNanoUsd: number;
  /** Its generation does not follow it. */
  orphan?: true;
}

/** A job that has to be paid: it was delivered, or fal has billed it anyway. */
export interface SpendingLine extends MediaRef {
  requestId: string;
  /** When fal accepted it. */
  at: Instant;
  estimatedNanoUsd: number;
  /** Absent where fal has billed what was never delivered. */
  deliveredAt?: Instant;
  /** What fal has billed, discount taken off; absent until it has. */
  billedNanoUsd?: number;
}

/** The books. Each write is conditional or says the whole: any of them may be repeated. */
export interface Ledger {
  /** Written once. @returns the stored entry, which an earlier call may have written */
  accept(request: AcceptedRequest): Promise<AcceptedRequest>;
  find(requestId: string): Promise<AcceptedRequest | undefined>;
  /** Whether the caller is the one that tells fal to cancel the job: of all callers, exactly one is. */
  claimCancel(requestId: string): Promise<boolean>;
  /** fal could not be told: the next caller may try. */
  releaseCancel(requestId: string): Promise<void>;
  /** Opens the line of a delivered job, once; it stays among the unbilled until fal has billed it. */
  deliver(line: SpendingLine & { deliveredAt: Instant }): Promise<void>;
}

/** The job of a record as the books have it; undefined in test mode, where every job has one id and fal knows of none. */
export function acceptedRequest(media: Media, requestId: string, at: Instant): AcceptedRequest | undefined {
  if (requestId === TEST_MODE_REQUEST_ID) return undefined;
  return { ...refOf(media), requestId, at, estimatedNanoUsd: nanoOf(media.estimatedCostUsd ?? 0) };
}

/** Opens the line of a record whose video is in the store. */
export async function noteDelivery(deps: { ledger: Pick<Ledger, "deliver"> }, media: Media): Promise<void> {
  const { requestId, submittedAt, completedAt } = media;
  if (requestId === undefined || submittedAt === undefined || completedAt === undefined) return;
  const accepted = acceptedRequest(media, requestId, submittedAt);
  if (accepted) await deps.ledger.deliver({ ...accepted, deliveredAt: completedAt });
}
