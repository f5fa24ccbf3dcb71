// Every error the domain raises, by name. Step Functions matches on `name`, callers on `code`, people on the message.
import { DomainError } from "../kling/errors.ts";
import type { FalReason, SubmitOutcome } from "../kling/fal-answers.ts";
import type { CapName } from "./account.ts";
import type { Progress } from "./status.ts";

/** The catalogue has lost the model of a generation before it was submitted. */
export class ModelWithdrawnError extends DomainError {
  override readonly name = "ModelWithdrawnError";
  readonly code = "model_withdrawn";
  constructor(model: string, mode: string) {
    super(`${model} ${mode} is not available any more. Nothing was billed: start it again with another model.`);
  }
}

/** No such media in this tenant and space (another tenant's media reads the same). */
export class MediaNotFoundError extends DomainError {
  override readonly name = "MediaNotFoundError";
  readonly code = "media_not_found";
  constructor() {
    // Without its id: what is another tenant's is answered in the same bytes as what is not there.
    super("There is no such media in this space.");
  }
}

/** A record holds what this version does not know: it can be shown, but not acted on. */
export class UnreadableRecordError extends DomainError {
  override readonly name = "UnreadableRecordError";
  readonly code = "record_unreadable";
  constructor(mediaId: string, fields: string[]) {
    super(
      `Media "${mediaId}" cannot be changed by this version of the service: it cannot read ${fields.join(", ")} of it.`,
    );
  }
}

/** A record with this id exists already. */
export class MediaExistsError extends DomainError {
  override readonly name = "MediaExistsError";
  readonly code = "media_exists";
  constructor(mediaId: string) {
    super(`Media "${mediaId}" exists already.`);
  }
}

/** The table of moves has no such move from the status the record is in. */
export class IllegalMoveError extends DomainError {
  override readonly name = "IllegalMoveError";
  readonly code = "illegal_move";
  constructor(mediaId: string, move: string, phase: string | undefined) {
    super(`Media "${mediaId}" is ${phase ?? "a record of an older version"}: it cannot ${move}.`);
  }
}

/** The move is legal, but the record changed between our read and our write. Read again and decide anew. */
export class StaleMediaError extends DomainError {
  override readonly name = "StaleMediaError";
  readonly code = "stale_media";
  constructor(mediaId: string, move: string) {
    super(`Media "${mediaId}" changed while we were about to ${move} it.`);
  }
}

/** Whether a move failed because another process was first: read again and decide anew. */
export function isOvertaken(error: unknown): boolean {
  return error instanceof StaleMediaError || error instanceof IllegalMoveError;
}

/** The caller asked to cancel something that has ended. */
export class AlreadyEndedError extends DomainError {
  override readonly name = "AlreadyEndedError";
  readonly code = "already_ended";
  constructor(phase: string) {
    super(
      phase === "finalizing"
        ? "The video is already made and is being stored: there is nothing left to cancel."
        : `This generation has already ended: it is ${phase}.`,
    );
  }
}

/** The caller asked to delete what has not ended, or what an older version wrote. */
export class NotDeletableError extends DomainError {
  override readonly name = "NotDeletableError";
  readonly code = "not_deletable";
  constructor(phase: string | undefined) {
    super(
      NOT_DELETABLE[phase ?? "legacy"] ?? `This generation is still ${phase}: cancel it first, and delete it then.`,
    );
  }
}
const NOT_DELETABLE: Record<string, string> = {
  finalizing: "The video is being stored: delete it when it is completed.",
  completed: "The video is being described: delete it in a minute.",
  legacy: "This is a record of an older version: it can be read, but not deleted.",
};

/** An operator asked to deliver again what did not fail in its delivery. */
export class NothingToRedriveError extends DomainError {
  override readonly name = "NothingToRedriveError";
  readonly code = "nothing_to_redrive";
  constructor(media: { id: string; phase?: string; error?: { code: string } }) {
    const ended = media.error
      ? `${media.phase} (${media.error.code})`
      : (media.phase ?? "a record of an older version");
    super(`Media "${media.id}" is ${ended}: only what failed as delivery_failed can be redriven.`);
  }
}

/** The same Idempotency-Key came with a different body. */
export class IdempotencyKeyReusedError extends DomainError {
  override readonly name = "IdempotencyKeyReusedError";
  readonly code = "idempotency_key_reused";
  constructor() {
    super("This Idempotency-Key was used with a different request. Send the same body again, or a new key.");
  }
}

/** An event that asked longer ago than Idempotency-Keys are kept. Its message is what the dead-letter queue shows. */
export class EventOutlivedError extends DomainError {
  override readonly name = "EventOutlivedError";
  readonly code = "event_outlived";
  constructor(at: string, ageSeconds: number) {
    super(
      `The event was put on the bus ${Math.floor(ageSeconds / 86_400)} days ago (${at}), and was not carried out: what it ` +
        "asked for may have been made then, and after 30 days nothing would keep it from being paid again. " +
        "Put a new event on the bus if it is wanted.",
    );
  }
}

/** A budget does not hold this price any more: one of the caller's own (`leftMills`), or that of the whole service. */
export class OverBudgetError extends DomainError {
  override readonly name = "OverBudgetError";
  readonly code = "over_budget";
  readonly leftUsd: number | undefined;
  readonly renewsAt: string;
  /** Which cap, by its name. */
  readonly details: { path: CapName; message: string; leftUsd?: number; renewsAt: string }[];
  constructor({ cap, priceMills, leftMills, renewsAt }: OverBudget) {
    const left =
      leftMills === undefined
        ? "this service has spent its budget for the month"
        : `$${dollars(leftMills)} of ${BUDGETS[cap]} is left`;
    super(`This video costs $${dollars(priceMills)}, and ${left}. It renews on ${renewsAt.slice(0, 10)}.`);
    this.leftUsd = leftMills === undefined ? undefined : leftMills / 1000;
    this.renewsAt = renewsAt;
    const message = `${leftMills === undefined ? "is spent" : `has $${dollars(leftMills)} left`}, and renews on ${renewsAt}`;
    this.details = [{ path: cap, message, ...(this.leftUsd !== undefined && { leftUsd: this.leftUsd }), renewsAt }];
  }
}
interface OverBudget {
  cap: CapName;
  priceMills: number;
  leftMills?: number;
  renewsAt: string;
}
/** As a sentence has them. */
const BUDGETS: Record<CapName, string> = {
  GLOBAL_MONTHLY_CAP_USD: "this service's budget for the month",
  MONTHLY_CAP_USD: "this month's budget",
  DAILY_CAP_USD: "today's budget",
  USER_MONTHLY_CAP_USD: "your own budget for this month",
  monthlyCapUsd: "this key's budget for the month",
};
const dollars = (mills: number) => (mills / 1000).toFixed(mills % 10 === 0 ? 2 : 3);

/** More than the tenant may have open at once, or start in a minute. */
export class TooManyStartsError extends DomainError {
  override readonly name = "TooManyStartsError";
  readonly code: "too_many_open" | "rate_limited";
  readonly retryAfterSeconds: number;
  constructor(code: TooManyStartsError["code"], retryAfterSeconds: number) {
    super(
      code === "too_many_open"
        ? "The maximum number of videos is being made: wait for one of them, or cancel one."
        : `The maximum number of videos was started within a minute: try again in ${retryAfterSeconds} s.`,
    );
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** An operator has turned the kill switch on. */
export class StartsStoppedError extends DomainError {
  override readonly name = "StartsStoppedError";
  readonly code = "starts_stopped";
  readonly retryAfterSeconds = 300;
  constructor() {
    super("New videos are stopped for now by the operator of this service. Those that are being made go on.");
  }
}

/** No bytes were uploaded under this id, or the upload is another tenant's, or it has expired. */
export class UploadNotFoundError extends DomainError {
  override readonly name = "UploadNotFoundError";
  readonly code = "upload_not_found";
  constructor() {
    super(
      "No picture has arrived as this upload. PUT it to the address that POST /api/uploads returned, then check it.",
    );
  }
}

/** A picture inside a request is larger than a function can be given. */
export class PictureTooLargeToSendError extends DomainError {
  override readonly name = "PictureTooLargeToSendError";
  readonly code = "picture_too_large_to_send";
  constructor(maxBytes: number) {
    super(
      `The picture is larger than ${maxBytes / 1024 / 1024} MB, which is what a request may carry. Send a link to it instead: of ` +
        "the web, or of an upload (POST /api/uploads takes up to 50 MB).",
    );
  }
}

/** The video of a generation is asked for that has none, or not yet. */
export class NoVideoError extends DomainError {
  override readonly name = "NoVideoError";
  readonly code = "video_not_ready";
  constructor(status: Progress) {
    super(
      status === "in_progress"
        ? "The video is still being made: ask for its status until that is completed, then for its content."
        : `There is no video: this generation is ${status}.`,
    );
  }
}

/** Which picture is meant, as a sentence begins with it. */
export type PictureName = "The picture" | "The last frame";

/** The codes of a picture that cannot be animated, each with what was wrong, who can fix it, and how. */
const IMAGE_FAULTS = {
  image_link_forbidden: (it) => `${it} is at an address that we do not fetch from. Use a public http(s) link.`,
  image_not_found: (it) => `${it} is not there.`,
  image_unreachable: (it) =>
    `${it} was not delivered by its host. Check that its link opens without signing in, or send the file itself.`,
  image_too_large: (it) => `${it} is larger than 50 MB or 100 megapixels. Send a smaller one.`,
  image_type_unsupported: (it) => `${it} is not a JPEG, PNG or WebP. Save it as one of them, and send that.`,
  image_unreadable: (it) => `${it} is damaged and cannot be read. Save it anew, and send that.`,
  image_too_small: (it) => `${it} is too small: each side must have at least 300 pixels.`,
  image_ratio_unsupported: (it) =>
    `${it} is too long or too tall: its sides may differ by a factor of 2.5 at most. Ask for a format (16:9, 9:16, 1:1) to have it cut.`,
} as const satisfies Record<string, (it: PictureName) => string>;
export type ImageFault = keyof typeof IMAGE_FAULTS;
export const IMAGE_FAULT_CODES = Object.keys(IMAGE_FAULTS).filter((code): code is ImageFault => code in IMAGE_FAULTS);

/** The sentence for a person. @param detail what was seen, without a full stop */
export function imageFault(code: ImageFault, detail?: string, it: PictureName = "The picture"): string {
  return detail ? `${IMAGE_FAULTS[code](it)} (${detail})` : IMAGE_FAULTS[code](it);
}

/** The picture cannot be used; another try would end the same. */
export class SourceImageError extends DomainError {
  override readonly name = "SourceImageError";
  readonly code: ImageFault;
  readonly detail: string | undefined;
  constructor(code: ImageFault, detail?: string, it?: PictureName) {
    super(imageFault(code, detail, it));
    this.code = code;
    this.detail = detail;
  }
}

/** The picture's host did not answer as it should; another try may succeed. The state machine retries on this name. */
export class SourceImageUnavailableError extends DomainError {
  override readonly name = "SourceImageUnavailableError";
  readonly code = "image_unreachable";
  constructor(detail: string, it?: PictureName) {
    super(imageFault("image_unreachable", detail, it));
  }
}

/** Why the checked door did not deliver; `reason` decides what it means for the caller. `unreachable`: no retry will help. */
export type FetchFault =
  "forbidden" | "not_found" | "refused" | "unavailable" | "unreachable" | "too_large" | "redirect";
export class FetchError extends DomainError {
  override readonly name = "FetchError";
  readonly code = "fetch_failed";
  readonly reason: FetchFault;
  constructor(reason: FetchFault, detail: string) {
    super(detail);
    this.reason = reason;
  }
}

/** fal says that the job itself failed: final, the reason in fal's words. */
export class GenerationFailedError extends DomainError {
  override readonly name = "GenerationFailedError";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** fal could not be asked just now (5xx, time-out, garbage). It says nothing about the job. */
export class ProviderUnavailableError extends DomainError {
  override readonly name = "ProviderUnavailableError";
  readonly code = "provider_unavailable";
  /** fal's own reason, where its answer gave one. */
  readonly reason: FalReason;
  /** It was an answer, and one that asking again will hardly change. */
  readonly isWithheld: boolean;
  constructor(detail: string, { reason = {}, isWithheld = false }: { reason?: FalReason; isWithheld?: boolean } = {}) {
    super(`fal did not give a usable answer: ${detail}`);
    this.reason = reason;
    this.isWithheld = isWithheld;
  }
}

/** The finished video could not be copied yet; the job is finished and paid for, so we try again. */
export class DeliveryError extends DomainError {
  override readonly name = "DeliveryError";
  readonly code = "delivery_failed";
}

/** A call to the webhook that fal did not make, or not just now. Nothing was changed. */
export class WebhookRefusedError extends DomainError {
  override readonly name = "WebhookRefusedError";
  readonly code = "webhook_refused";
}

/** The submit did not start a job. `outcome` is one of the rows of fal-answers.ts, the message is in fal's words. */
export class SubmitError extends DomainError {
  override readonly name = "SubmitError";
  readonly outcome: Exclude<SubmitOutcome, "accepted">;
  readonly code: string;
  /** Of fal's answer, where there was one. */
  readonly httpStatus: number | undefined;
  /** fal's own type, where it gave one. */
  readonly falType: string | undefined;
  /** In doubt: the job that the answer seems to speak of. */
  readonly requestId: string | undefined;
  constructor(
    outcome: SubmitError["outcome"],
    code: string,
    message: string,
    answer: { httpStatus?: number; falType?: string | undefined; requestId?: string | undefined } = {},
  ) {
    super(message);
    this.outcome = outcome;
    this.code = code;
    this.httpStatus = answer.httpStatus;
    this.falType = answer.falType;
    this.requestId = answer.requestId;
  }
}

/** An event comes again that was already announced as refused. */
export class RefusedBeforeError extends DomainError {
  override readonly name = "RefusedBeforeError";
  readonly code = "refused_before";
  constructor(eventId: string) {
    super(`Event "${eventId}" was refused, and its sender was told so. Put it on the bus again, as a new event.`);
  }
}
