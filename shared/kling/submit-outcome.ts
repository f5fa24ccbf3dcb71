// What became of the one POST that costs money: four outcomes, one table.

export type SubmitOutcome = "accepted" | "not_sent" | "busy" | "refused" | "in_doubt";

/** What we saw of the POST: an answer, or, of a call that brought none, the error's code and the system call it came of. */
export type SubmitSight =
  { status: number; requestId?: string } | { errorCode: string | undefined; syscall?: string | undefined };

/**
 * There was no connection: the request never left, and nothing can have been accepted.
 * Codes of Node's DNS and sockets (nodejs.org/api/errors.html). Only while connecting: an established connection whose
 * peer leaves the network while our bytes wait for their ACK ends in `read EHOSTUNREACH`, and fal may have them all.
 */
const NO_CONNECTION_CODES: readonly string[] = [
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
];
const CONNECTING: readonly string[] = ["getaddrinfo", "connect"];

/** Nor was there one that could be trusted with the request: undici's connect phase, and TLS. */
const NO_SECURE_CONNECTION_CODES: readonly string[] = [
  "UND_ERR_CONNECT_TIMEOUT",
  "CERT_HAS_EXPIRED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "ERR_TLS_CERT_ALTNAME_INVALID",
];

/** fal read the request and said no. 408 and 409 are not here: they do not say that nothing was started. */
const REFUSED_STATUSES: readonly number[] = [400, 401, 402, 403, 404, 405, 410, 413, 415, 422];

/** Decides the outcome. Whatever the table does not name is in doubt: a job may exist, so we never submit again. */
export function submitOutcome(sight: SubmitSight): SubmitOutcome {
  if ("errorCode" in sight) return neverLeft(sight) ? "not_sent" : "in_doubt";
  if (sight.status >= 200 && sight.status < 300) return sight.requestId ? "accepted" : "in_doubt";
  if (sight.status === 429) return "busy";
  return REFUSED_STATUSES.includes(sight.status) ? "refused" : "in_doubt";
}

function neverLeft({ errorCode = "", syscall = "" }: Exclude<SubmitSight, { status: number }>): boolean {
  if (NO_CONNECTION_CODES.includes(errorCode)) return CONNECTING.includes(syscall);
  return NO_SECURE_CONNECTION_CODES.includes(errorCode);
}

/** Seconds until the next try of a submit that was not sent or met a busy fal: 10 x 1.5^n, at most 5 minutes. */
export function resubmitAfterSeconds(attempt: number): number {
  return Math.min(10 * 1.5 ** (attempt - 1), 300);
}
