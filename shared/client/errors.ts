// What a call may throw: the API's refusal, or that no answer came.
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
  /** For the operator of the service. */
  readonly traceId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, answer: Partial<ErrorAnswer>, retryAfterSeconds?: number) {
    super(
      answer.error ?? `The answer ${status} is not this API's: check baseUrl, and what stands between here and there.`,
    );
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

/** No answer came, or not in time: no network, a server that restarts, a machine that slept. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly code = "no_answer";
  readonly passing = true;

  constructor(cause: unknown) {
    super(
      cause instanceof SyntaxError
        ? "What answered is not this API: check baseUrl, or sign in to the network first."
        : "The server cannot be reached just now.",
      { cause },
    );
  }
}

/** The call cannot be right, or cannot be made here: nothing was sent. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  readonly code: "no_prompt" | "no_image" | "bad_base_url" | "old_runtime";

  constructor(code: UsageError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** A generation of the original application's older versions that did not end while it was watched. */
export class GaveUpError extends Error {
  override readonly name = "GaveUpError";
  readonly code = "gave_up";

  constructor() {
    super("This generation was started by an older version and did not end within 5 minutes.");
  }
}

/** The error, if it occurred on the way to an answer. */
export function isTrouble(error: unknown): error is ApiError | NoAnswerError {
  return error instanceof ApiError || error instanceof NoAnswerError;
}
