// What became of the one POST that costs money: four outcomes, one table.

export type SubmitOutcome = "accepted" | "not_sent" | "busy" | "refused" | "in_doubt";

/** What we saw of the POST: an answer, or the error code of a call that brought none. */
export type SubmitSight = { status: number; requestId?: string } | { errorCode: string | undefined };

/**
 * The request never left: nothing can have been accepted.
 * Codes of Node's DNS and sockets (nodejs.org/api/errors.html) and of undici's connect phase.
 */
const NOT_SENT_CODES: readonly string[] = [
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
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
  if ("errorCode" in sight) {
    return sight.errorCode !== undefined && NOT_SENT_CODES.includes(sight.errorCode) ? "not_sent" : "in_doubt";
  }
  if (sight.status >= 200 && sight.status < 300) return sight.requestId ? "accepted" : "in_doubt";
  if (sight.status === 429) return "busy";
  return REFUSED_STATUSES.includes(sight.status) ? "refused" : "in_doubt";
}

/** Seconds until the next try of a submit that was not sent or met a busy fal: 10 x 1.5^n, at most 5 minutes. */
export function resubmitAfterSeconds(attempt: number): number {
  return Math.min(10 * 1.5 ** (attempt - 1), 300);
}
