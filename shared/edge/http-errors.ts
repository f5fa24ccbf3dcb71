// The answer to every error, in one place: a message to act on, a stable code, the right status, never a stack trace.
import { IMAGE_FAULT_CODES, OverBudgetError, StartsStoppedError, TooManyStartsError } from "../media/errors.ts";
import { DomainError, NotOfferedError } from "../kling/errors.ts";
import type { RefusalReason } from "../media/refusal.ts";
import type { HttpReply } from "./http-event.ts";

/** A fault of the request itself, found before the domain was asked. */
export class RequestError extends DomainError {
  override readonly name = "RequestError";
  readonly status: number;
  readonly code: string;
  readonly details: { path: string; message: string }[] | undefined;
  constructor(status: number, code: string, message: string, details?: { path: string; message: string }[]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** A cursor that this API did not issue, or issued for another list. @param name of its parameter */
export function notOfThisList(name = "cursor"): RequestError {
  const details = [{ path: name, message: "was not given out by this list" }];
  return new RequestError(400, "invalid_request", "The request is not valid; `details` says where.", details);
}

/** An incomplete or invalid event. Its message is what the dead-letter queue shows. */
export class InvalidEventError extends DomainError {
  override readonly name = "InvalidEventError";
  readonly code = "invalid_event";
  readonly faults: { path: string; message: string }[];
  constructor(faults: { path: string; message: string }[]) {
    const list = faults.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join("; ");
    super(`The event is not valid, and was not carried out: ${list}. Correct it and send it again.`);
    this.faults = faults;
  }
}

/** A function behind a route was called by its name, with no request in it. */
export class NoHttpEventError extends DomainError {
  override readonly name = "NoHttpEventError";
  readonly code = "no_http_event";
  constructor() {
    super(
      "This function answers HTTP requests that API Gateway hands it (payload format 2.0). Send the request to the API's address. " +
        "To start a generation without HTTP, put Generation Requested on the bus, or invoke start-from-event with { id, source, detail }.",
    );
  }
}

/**
 * Reads a request out of a part of an event.
 * @throws InvalidEventError for what is not offered: for the sender, a request that cannot be met is an invalid event
 */
export function inEvent<R>(part: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotOfferedError)) throw error;
    throw new InvalidEventError(error.details.map(({ path, message }) => ({ path: `${part}.${path}`, message })));
  }
}

const STATUS_BY_CODE: Record<string, number> = {
  media_not_found: 404,
  unknown_mode: 400,
  invalid_request: 400,
  model_withdrawn: 400,
  already_ended: 409,
  not_deletable: 409,
  illegal_move: 409,
  stale_media: 409,
  record_unreadable: 409,
  idempotency_key_reused: 422,
  provider_unavailable: 503,
  over_budget: 402,
  too_many_open: 429,
  rate_limited: 429,
  starts_stopped: 503,
  sign_in_unavailable: 503,
  issuer_unavailable: 503,
  upload_not_found: 404,
  // Only an upload's check answers these: a picture that is fetched later fails its generation instead.
  ...Object.fromEntries(IMAGE_FAULT_CODES.map((code) => [code, 400])),
  key_not_found: 404,
  too_many_keys: 409,
  webhook_not_found: 404,
  delivery_not_found: 404,
  delivery_busy: 409,
  too_many_webhooks: 409,
  picture_too_large_to_send: 413,
  video_not_ready: 409,
  webhook_refused: 401,
};

/** Errors of the AWS SDK that pass by themselves: throttles, time-outs, a service that is down. */
const PASSING =
  /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded|TooManyRequests|TimeoutError|InternalServerError|ServiceUnavailable|ECONN|RequestTimeout/;

const BUSY = "unavailable";
const RETRY_AFTER_SECONDS: Record<string, number> = {
  /** Longer than a throttled table, or the SDK's own tries, take to pass. */
  [BUSY]: 2,
  /** Longer than the gateway keeps what our authorizer has said (stacks/blueprint/routes.ts). */
  issuer_unavailable: 60,
};

/** An error's answer, before it is put into the shape of one API or another. */
interface ErrorFacts {
  status: number;
  code: string;
  message: string;
  details: { path: string; message: string }[] | undefined;
  budget: { leftUsd: number | undefined; renewsAt: string } | undefined;
  traceId: string;
  /** When the same request may succeed, where that is known. */
  retryAfterSeconds: number | undefined;
}

/** How an API tells an error: its body, and headers that go with it. */
export type ErrorFormat = (facts: ErrorFacts) => { body: unknown; headers?: Record<string, string> };

/** Everywhere but where another API's shapes are spoken. */
export const ourFormat: ErrorFormat = ({ message, code, details, budget, traceId }) => ({
  body: { error: message, code, details, budget, traceId },
});

/**
 * What is told of an error. An unexpected error is a 500 with the trace id that its log line has. The log is imported
 * with its first line, because it takes 8 ms of a cold start.
 */
export async function errorFacts(error: Error | null | undefined, traceId: string): Promise<ErrorFacts> {
  const { status, code, message, details } = describe(error);
  const budget = error instanceof OverBudgetError ? { leftUsd: error.leftUsd, renewsAt: error.renewsAt } : undefined;
  const isLater = error instanceof TooManyStartsError || error instanceof StartsStoppedError;
  const retryAfterSeconds = isLater ? error.retryAfterSeconds : RETRY_AFTER_SECONDS[code];
  if (status >= 500) {
    const { log } = await import("../services/log.ts");
    log().warn("request failed", { traceId, code, error: String(error), stack: error?.stack });
  }
  return { status, code, message, details, budget, traceId, retryAfterSeconds };
}

/** The answer to an error. */
export async function errorReply(
  error: Error | null | undefined,
  traceId: string,
  format: ErrorFormat = ourFormat,
): Promise<HttpReply> {
  const facts = await errorFacts(error, traceId);
  const { retryAfterSeconds } = facts;
  const { body, headers = {} } = format(facts);
  return {
    statusCode: facts.status,
    headers: {
      "content-type": "application/json",
      "cache-control": "no-store",
      ...(retryAfterSeconds !== undefined && { "retry-after": String(retryAfterSeconds) }),
      ...headers,
    },
    body: JSON.stringify(body),
  };
}

/** The reason why an event was not carried out, in the words and codes of the API. */
export function reasonOf(error: unknown): RefusalReason {
  if (error instanceof InvalidEventError) {
    const details = error.faults.map(({ path, message }) => ({ path: path.replace(/^detail\./, ""), message }));
    return { code: "invalid_request", message: "The request is not valid; `details` says where.", details };
  }
  const { code, message, details } = describe(error instanceof Error ? error : undefined);
  return { code, message, details };
}

function describe(error: Error | null | undefined) {
  if (error instanceof RequestError) return error;
  const status = error instanceof DomainError ? STATUS_BY_CODE[error.code] : undefined;
  if (error instanceof DomainError && status !== undefined) {
    const isSaid = error instanceof NotOfferedError || error instanceof OverBudgetError;
    const details = isSaid ? error.details : undefined;
    return { status, code: error.code, message: error.message, details };
  }
  if (error && PASSING.test(`${error.name} ${error.message}`)) {
    return { status: 503, code: BUSY, message: "Busy just now; try again in a moment.", details: undefined };
  }
  const message = "Something went wrong on our side. Give the traceId to the operator of this service.";
  return { status: 500, code: "internal_error", message, details: undefined };
}
