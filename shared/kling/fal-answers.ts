// What each answer of fal means: one table for the submit, the status, the result and the cancel of a job.
// Sources: FAL's queue and error pages (docs.fal.ai/model-apis/model-endpoints/queue, /errors), the source of
// @fal-ai/client 1.10.1, and what operators of fal have reported. What no row names falls on the side that loses no
// money, and says `isUnknown`, so that the log shows a new shape on its first day.

/** An answer as it came over the wire. `body` is its JSON; undefined where it is none. */
export interface FalAnswer {
  status: number;
  headers: Pick<Headers, "get">;
  body: unknown;
}

/** fal's reason: its own type, and the first sentence that says something. */
export interface FalReason {
  type?: string | undefined;
  words?: string | undefined;
}

interface Told {
  /** No row of the table names this answer. */
  isUnknown?: true | undefined;
}

/** The codes of what lies with the deployment's own account at fal: the caller can do nothing about them. */
export const ACCOUNT_LOCKED = "provider_account_locked";
export const KEY_REFUSED = "provider_key_refused";
export const PAYMENT_REQUIRED = "provider_payment_required";
export const ACCESS_DENIED = "provider_access_denied";
/** And of what lies with how the deployment talks to fal: a wrong address, a withdrawn endpoint, a proxy between. */
export const NOT_TAKEN = "provider_refused";

/** The code of a job that made nothing, as fal has it. */
export const NO_MEDIA = "no_media_generated";
/** The code where fal gives none. */
export const FAILED = "generation_failed";

// ---- submit ----

/** `held`: refused for the account's sake, whatever was asked for. */
export type SubmitOutcome = "accepted" | "not_sent" | "busy" | "held" | "refused" | "in_doubt";

export type SubmitVerdict =
  | { outcome: "accepted"; requestId: string; position?: number | undefined }
  | ({
      outcome: "busy" | "held" | "refused" | "in_doubt";
      code: string;
      reason: FalReason;
      /** In doubt: the job that fal seems to speak of, though it does not say that it took it. */
      requestId?: string | undefined;
    } & Told);

/** 4xx that do not say that nothing was started: request timeout, conflict, and nginx' "the client has gone". */
const MAYBE_TAKEN: readonly number[] = [408, 409, 499];
/** Not now: too many requests, and "too early", which RFC 8470 has for a request that was not processed. */
const BUSY: readonly number[] = [425, 429];
/** The rest of 4xx is a no. These are the ones that were seen. */
const KNOWN_REFUSALS: readonly number[] = [400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 422, 428, 431, 451];
/** "Send it elsewhere": nothing was processed here. 303 is not one of them: it sends to what came of the POST. */
const SENT_ELSEWHERE: readonly number[] = [301, 302, 307, 308];
/** The others may quote the input: one user's words must not stop every tenant's videos. */
const ABOUT_THE_ACCOUNT: readonly number[] = [401, 402, 403];
/** fal read the input and judged it: its reason is the caller's to correct. */
const ABOUT_THE_INPUT: readonly number[] = [400, 413, 415, 422];

/** What an answer to the one POST says of the job. */
export function submitVerdict(answer: FalAnswer): SubmitVerdict {
  const { status, headers, body } = answer;
  const reason = reasonIn(answer);
  if (isSuccess(status)) {
    const requestId = textOf(body, "request_id");
    if (requestId !== undefined) return { outcome: "accepted", requestId, position: positionIn(body) };
  }
  const account = accountFault(status, reason);
  if (account !== undefined && ABOUT_THE_ACCOUNT.includes(status)) return { outcome: "held", code: account, reason };
  const doubtful = { code: reason.type ?? FAILED, reason, requestId: headers.get("x-fal-request-id") ?? undefined };
  if (BUSY.includes(status)) return { outcome: "busy", code: refusalCode(status, reason), reason };
  if (SENT_ELSEWHERE.includes(status)) return { outcome: "refused", code: NOT_TAKEN, reason };
  if (status >= 500 || MAYBE_TAKEN.includes(status)) return { outcome: "in_doubt", ...doubtful };
  if (status < 400) return { outcome: "in_doubt", ...doubtful, isUnknown: true };
  const isUnknown = KNOWN_REFUSALS.includes(status) ? undefined : true;
  return { outcome: "refused", code: refusalCode(status, reason), reason, isUnknown };
}

function refusalCode(status: number, { type }: FalReason): string {
  if (type !== undefined) return type;
  if (status === 402) return PAYMENT_REQUIRED;
  if (status === 403) return ACCESS_DENIED;
  return ABOUT_THE_INPUT.includes(status) ? FAILED : NOT_TAKEN;
}

/** fal's words for a key that it does not know, and for an account that it has locked, whatever the status. */
function accountFault(
  status: number,
  { words = "" }: FalReason,
): typeof ACCOUNT_LOCKED | typeof KEY_REFUSED | undefined {
  if (/\buser is locked\b/i.test(words)) return ACCOUNT_LOCKED;
  return status === 401 || /\bno user found for key\b/i.test(words) ? KEY_REFUSED : undefined;
}

/** What ended a call that brought no answer: the error's code, the system call it came of, and its words. */
export interface CallFault {
  errorCode: string | undefined;
  syscall?: string | undefined;
  message?: string | undefined;
}

/**
 * Without an established connection nothing was sent. The system call tells, not the code: an established connection
 * whose peer leaves the network while our bytes wait for their ACK ends in `read EHOSTUNREACH`, and fal may have them.
 */
const CONNECTING: readonly string[] = ["getaddrinfo", "connect"];

/** undici's connect phase, its refusal of what cannot be sent, and Node's TLS handshake (nodejs.org/api/tls.html). */
const NEVER_SENT: readonly string[] = [
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_INVALID_ARG",
  "ERR_INVALID_URL",
  "ERR_INVALID_CHAR",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "ERR_TLS_HANDSHAKE_TIMEOUT",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "CERT_REJECTED",
  "CERT_REVOKED",
  "CERT_UNTRUSTED",
  "CERT_SIGNATURE_FAILURE",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "HOSTNAME_MISMATCH",
];
/** Of errors whose code says less than their words: Node's TLS, and the ports that fetch does not open. */
const NEVER_SENT_WORDS = /before secure TLS connection was established|^bad port$/;

/** The outcome of a POST without an answer. Unless it is known to have failed before its first byte, it is in doubt. */
export function unansweredSubmit({ errorCode = "", syscall = "", message = "" }: CallFault): "not_sent" | "in_doubt" {
  const neverLeft = CONNECTING.includes(syscall) || NEVER_SENT.includes(errorCode) || NEVER_SENT_WORDS.test(message);
  return neverLeft ? "not_sent" : "in_doubt";
}

/** Seconds until the next try of a submit that was not sent or met a busy fal: 10 x 1.5^n, at most 5 minutes. */
export function resubmitAfterSeconds(attempt: number): number {
  return Math.min(10 * 1.5 ** (attempt - 1), 300);
}

// ---- status ----

export type StatusVerdict =
  | { verdict: "queued"; position?: number | undefined }
  | ({ verdict: "running" } & Told)
  | { verdict: "finished"; renderedSeconds?: number | undefined }
  | { verdict: "failed"; reason: FalReason }
  | ({ verdict: "no_answer"; code?: string | undefined } & Told);

/** What an answer to the status call says of the job. */
export function statusVerdict(answer: FalAnswer): StatusVerdict {
  const { status, body } = answer;
  if (!isSuccess(status)) {
    const reason = reasonIn(answer);
    return { verdict: "no_answer", code: accountFault(status, reason) ?? reason.type };
  }
  switch (textOf(body, "status")) {
    case "IN_QUEUE":
      return { verdict: "queued", position: positionIn(body) };
    case "IN_PROGRESS":
      return { verdict: "running" };
    case "COMPLETED": {
      const error = fieldOf(body, "error");
      const words = wordsOf(error);
      const seconds = fieldOf(fieldOf(body, "metrics"), "inference_time");
      const renderedSeconds = typeof seconds === "number" && seconds >= 0 ? seconds : undefined;
      if (words === undefined) return { verdict: "finished", renderedSeconds };
      return { verdict: "failed", reason: { words, type: textOf(body, "error_type") ?? typeOf(error) } };
    }
    // A page of a proxy, or no JSON: it says nothing about the job.
    case undefined:
      return { verdict: "no_answer", isUnknown: true };
    // A word that we do not know is not the end: the job runs on, bounded by its deadline.
    default:
      return { verdict: "running", isUnknown: true };
  }
}

/** How many are ahead in fal's queue, where fal says so. */
function positionIn(body: unknown): number | undefined {
  const position = fieldOf(body, "queue_position");
  return typeof position === "number" && Number.isInteger(position) && position >= 0 ? position : undefined;
}

// ---- result ----

export type ResultVerdict =
  | { verdict: "video"; video: Video }
  /** The job's own error: final. */
  | { verdict: "failed"; code: string; reason: FalReason }
  /** fal says that it is done and shows nothing that it has made: final when it goes on saying so. */
  | ({ verdict: "no_video"; reason: FalReason } & Told)
  /** The video may be there, and fal does not hand it out, or not in a shape that we know. */
  | ({ verdict: "withheld"; reason: FalReason } & Told)
  /** Says nothing about the job: not ready yet, gone, or an answer of a proxy. */
  | ({ verdict: "no_answer"; code?: string | undefined; reason: FalReason } & Told);

/** fal's list of what a model says of its job (docs.fal.ai, "Errors"): final, whatever the HTTP status. */
const MODEL_ERRORS: readonly string[] = [
  "content_policy_violation",
  "downstream_service_error",
  "downstream_service_unavailable",
  "face_detection_error",
  "feature_not_supported",
  "file_download_error",
  "file_too_large",
  "generation_timeout",
  "image_load_error",
  "image_too_large",
  "image_too_small",
  "invalid_archive",
  NO_MEDIA,
  "unsupported_image_format",
  "value_error",
];
/** And of what fal's own machines say of themselves: the next look may find the result. */
const MACHINE_ERRORS: readonly string[] = [
  "request_timeout",
  "startup_timeout",
  "runner_scheduling_failure",
  "runner_connection_timeout",
  "runner_connection_refused",
  "runner_connection_error",
  "runner_incomplete_response",
  "runner_disconnected",
  "runner_server_error",
  "internal_error",
];
/** Not this one, not now: gone or never there, a time-out, a conflict, too early, too many. */
const ASK_AGAIN: readonly number[] = [404, 408, 409, 425, 429, 499];

/** What an answer to the result call says of the job. */
export function resultVerdict(answer: FalAnswer): ResultVerdict {
  const { status, body } = answer;
  const reason = reasonIn(answer);
  if (isSuccess(status)) {
    const video = videoIn(body);
    if (video !== undefined) return { verdict: "video", video };
  }
  // An account that is locked, or a key that was changed, says nothing about a job that was paid for before.
  const account = accountFault(status, reason);
  if (account !== undefined) return { verdict: "no_answer", code: account, reason };
  if (isJobsOwn(answer, reason)) return { verdict: "failed", code: reason.type ?? FAILED, reason };
  if (isSuccess(status)) {
    if (!isObject(body)) return { verdict: "no_answer", reason, isUnknown: true };
    if (linksIn(body).length > 0) return { verdict: "withheld", reason, isUnknown: true };
    return { verdict: "no_video", reason, isUnknown: Object.keys(body).length > 0 ? true : undefined };
  }
  if (status === 400 || status < 400 || ASK_AGAIN.includes(status)) {
    return { verdict: "no_answer", code: reason.type, reason, isUnknown: status < 400 ? true : undefined };
  }
  if (status < 500) return { verdict: "withheld", reason };
  if (reason.type === undefined || MACHINE_ERRORS.includes(reason.type)) {
    return { verdict: "no_answer", code: reason.type, reason };
  }
  return { verdict: "withheld", reason, isUnknown: true };
}

/**
 * The model's word on its job: 422; a list of errors, which only models send; a type of theirs; or fal's own word that
 * asking again brings nothing (`x-fal-retryable: false`). A 400 that is a sentence is "still in progress".
 */
function isJobsOwn({ status, headers, body }: FalAnswer, { type, words }: FalReason): boolean {
  if (type !== undefined && MODEL_ERRORS.includes(type)) return true;
  if (status < 400) return false;
  const detail = fieldOf(body, "detail");
  if (status === 422 || (Array.isArray(detail) && (status === 400 || type !== undefined))) return true;
  const isFinal = headers.get("x-fal-retryable")?.toLowerCase() === "false";
  return isFinal && !ASK_AGAIN.includes(status) && (type !== undefined || (status !== 400 && words !== undefined));
}

// ---- cancel ----

export type CancelVerdict = "requested" | "already_completed" | "not_found" | "no_answer";

/** What an answer to the cancel says. */
export function cancelVerdict({ status, body }: FalAnswer): CancelVerdict {
  const said = textOf(body, "status");
  if (said === "ALREADY_COMPLETED" || status === 400) return "already_completed";
  if (said === "NOT_FOUND" || status === 404) return "not_found";
  return isSuccess(status) ? "requested" : "no_answer";
}

// ---- bodies ----

/** An answer is flat: what is nested deeper is no answer of fal's. */
const LEVELS = 8;

/** fal's reason, in whichever of its shapes: `detail` a sentence, an object, or a list of either; `error`; `message`. */
export function reasonIn({ headers, body }: Pick<FalAnswer, "headers" | "body">): FalReason {
  const places = ["detail", "error", "message", "errors"].map((name) => fieldOf(body, name));
  const words = firstOf(places, (place) => wordsOf(place));
  const type =
    firstOf(places, typeOf) ??
    textOf(body, "error_type") ??
    textOf(body, "type") ??
    headers.get("x-fal-error-type") ??
    undefined;
  return { type, words };
}

/** The first text that says something; in a list, whichever entry has one. */
function wordsOf(said: unknown, level = 0): string | undefined {
  if (typeof said === "string") return said.trim() === "" ? undefined : said;
  if (!isObject(said) || level === LEVELS) return undefined;
  const parts = Array.isArray(said) ? said : [said["msg"], said["message"], said["detail"], said["error"]];
  return firstOf<unknown, string>(parts, (part) => wordsOf(part, level + 1));
}

function typeOf(said: unknown): string | undefined {
  if (Array.isArray(said)) return firstOf<unknown, string>(said, (part) => typeOfOne(part));
  return typeOfOne(said);
}

function typeOfOne(said: unknown): string | undefined {
  return textOf(said, "type") ?? textOf(said, "error_type") ?? textOf(said, "code");
}

/** Where a video has been seen to stand, and the objects that such a place may lie in. */
const VIDEO_FIELDS = ["video", "videos", "video_url"];
const COVERS = ["data", "output", "outputs", "result", "response", "payload"];

type Video = { url: string } & Record<string, unknown>;

function videoIn(body: unknown): Video | undefined {
  const inside = [body, ...COVERS.map((name) => fieldOf(body, name))];
  const named = firstOf(
    inside.flatMap((part) => VIDEO_FIELDS.map((name) => fieldOf(part, name))),
    videoOf,
  );
  // Else wherever a link is that can only be a video's: nothing that we send is one.
  return named ?? linksIn(body).find(({ looks }) => looks === "video")?.video;
}

/** A link, an object that has one, or the first such in a list. */
function videoOf(value: unknown): Video | undefined {
  if (isLink(value)) return { url: value };
  if (Array.isArray(value))
    return firstOf<unknown, Video>(value, (item) => (Array.isArray(item) ? undefined : videoOf(item)));
  const url = fieldOf(value, "url");
  return isObject(value) && isLink(url) ? { ...value, url } : undefined;
}

interface FoundLink {
  video: Video;
  looks: "video" | "unlike";
}
/** Every link in an answer but those of pictures. */
function linksIn(value: unknown, said = "", level = 0): FoundLink[] {
  if (isLink(value)) {
    const path = URL.parse(value)?.pathname ?? "";
    if (/^image\//i.test(said) || /\.(png|jpe?g|webp|gif|avif)$/i.test(path)) return [];
    const isVideo = /^video\//i.test(said) || /\.(mp4|mov|m4v|webm)$/i.test(path);
    return [{ video: { url: value }, looks: isVideo ? "video" : "unlike" }];
  }
  if (!isObject(value) || level === LEVELS) return [];
  const type = textOf(value, "content_type") ?? "";
  return Object.values(value).flatMap((part) => linksIn(part, type, level + 1));
}

function isLink(value: unknown): value is string {
  return typeof value === "string" && /^https?:\/\//i.test(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function fieldOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function textOf(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === "string" && field !== "" ? field : undefined;
}

function firstOf<T, R>(items: readonly T[], read: (item: T) => R | undefined): R | undefined {
  for (const item of items) {
    const found = read(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
