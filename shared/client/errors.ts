// What a call may throw: the API's own word, or that there was none.
import type { ErrorAnswer } from "./contract.ts";

/** Answers that say "not now": the same call may succeed in a moment. */
const PASSING_STATUS = [408, 425, 429, 500, 502, 503, 504];

/** The API refused. `message` is written for a person, `code` for a program. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** As in the answer; `http_<status>` where something in between answered instead of the API. */
  readonly code: string;
  readonly details: ErrorAnswer["details"];
  /** For whoever runs the service. */
  readonly traceId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, answer: Partial<ErrorAnswer>, retryAfterSeconds?: number) {
    super(answer.error ?? `The server answered ${status}.`);
    this.status = status;
    this.code = answer.code ?? `http_${status}`;
    this.details = answer.details;
    this.traceId = answer.traceId;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  /** Whether the same call may succeed in a moment. */
  get passing(): boolean {
    return PASSING_STATUS.includes(this.status);
  }
}

/** Nobody answered, or not in time: no network, a server that restarts, a machine that slept. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly code = "no_answer";
  readonly passing = true;

  constructor(cause: unknown) {
    super("The server cannot be reached just now.", { cause });
  }
}

/** A generation of the seed's older versions that did not end while it was watched. */
export class GaveUpError extends Error {
  override readonly name = "GaveUpError";
  readonly code = "gave_up";

  constructor() {
    super("This generation was started by an older version and did not end within 5 minutes.");
  }
}

/** What went wrong on the way to an answer, if that is what it is. */
export function isTrouble(error: unknown): error is ApiError | NoAnswerError {
  return error instanceof ApiError || error instanceof NoAnswerError;
}
