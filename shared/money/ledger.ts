// The books beside the records: which jobs fal accepted for which record, and each tenant's estimated and billed costs.
import { DomainError } from "../kling/errors.ts";
import { TEST_MODE_REQUEST_ID } from "../kling/models.ts";
import type { Instant } from "../media/instant.ts";
import { refOf, type Media, type MediaRef } from "../media/media.ts";
import { costOf } from "./cost.ts";
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

/** `from` belongs to it, `to` does not. */
export interface Range {
  from: Instant;
  to: Instant;
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
  /** Opens the line of a delivered job, once; it stays among the unbilled until it is billed. */
  deliver(line: SpendingLine & { deliveredAt: Instant }): Promise<void>;
  line(request: Pick<SpendingLine, "tenantId" | "at" | "requestId">): Promise<SpendingLine | undefined>;
  /** Writes a line with what fal has billed of it: the whole sum, not what comes to it. */
  bill(line: SpendingLine & { billedNanoUsd: number }): Promise<void>;
  /** A page of the lines whose delivery lies in the range and is not billed. */
  unbilled(range: Range, cursor?: string): Promise<{ lines: SpendingLine[]; next?: string }>;
  /** The lines of a tenant whose acceptance lies in the range, in its order, page by page. */
  lines(tenantId: string, range: Range): AsyncIterable<SpendingLine[]>;
  /** Whether the caller is the one to announce a difference: no process has announced it, and none is about to. */
  claimTelling(requestId: string, kind: string, nowMs: number): Promise<boolean>;
  /** It was announced, and is never announced again. */
  told(requestId: string, kind: string): Promise<void>;
}

/** The job of a record as the books have it; undefined in test mode, where every job has one id and fal knows of none. */
export function acceptedRequest(media: Media, requestId: string, at: Instant): AcceptedRequest | undefined {
  if (requestId === TEST_MODE_REQUEST_ID) return undefined;
  return { ...refOf(media), requestId, at, estimatedNanoUsd: nanoOf(costOf(media).estimatedUsd) };
}

/** Opens the line of a record whose video is in the store. */
export async function noteDelivery(deps: { ledger: Pick<Ledger, "deliver"> }, media: Media): Promise<void> {
  const { requestId, submittedAt, completedAt } = media;
  if (requestId === undefined || submittedAt === undefined || completedAt === undefined) return;
  const accepted = acceptedRequest(media, requestId, submittedAt);
  if (accepted) await deps.ledger.deliver({ ...accepted, deliveredAt: completedAt });
}

/** A place in the unbilled that was never given out. */
export class InvalidCursorError extends DomainError {
  override readonly name = "InvalidCursorError";
  readonly code = "invalid_cursor";
  constructor() {
    super("This cursor was not given out by an earlier page of the same run.");
  }
}
