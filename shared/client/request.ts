// One request to the API: bounded in time, tried again where that does no harm, its failure typed.
import type { ErrorAnswer } from "./contract.ts";
import { ApiError, NoAnswerError, isTrouble } from "./errors.ts";
import { expectUsable, pause } from "./surroundings.ts";

/** How the API is reached. A page of the API's own origin needs none of it. */
export interface Connection {
  /** Such as `https://api.example.com`. */
  baseUrl?: string | undefined;
  /** The bearer token, or where to get it: then it is asked for before each request. */
  token?: string | (() => string | undefined | Promise<string | undefined>) | undefined;
  /** In place of the global one. */
  fetch?: typeof fetch | undefined;
  signal?: AbortSignal | undefined;
}

export interface Request {
  method?: "GET" | "POST" | "DELETE";
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** On top of the time that any answer may take. */
  waitSeconds?: number;
  /**
   * How often it is sent at most. Only requests that are safe to repeat are sent more than once: reads, and those that
   * carry an idempotency key.
   */
  tries?: number;
}

/** The API answers in milliseconds; behind a cold start and a bad line this is long. */
const ANSWER_SECONDS = 15;
/** 0.5, 1, 2 s: the caller learns of a longer outage. */
const FIRST_PAUSE_MS = 500;
/** A refusal that asks for a longer wait than this is thrown at once, because the page would seem dead. */
const PAUSE_MAX_MS = 5_000;

/**
 * The answer's JSON; null for 204.
 * @throws UsageError before anything is sent, ApiError, NoAnswerError, or the signal's reason
 */
export async function send<T>(request: Request, connection: Connection = {}): Promise<T> {
  const { tries = request.method === undefined || request.method === "GET" ? 4 : 1 } = request;
  let isTokenFresh = false;
  expectUsable(connection);
  for (let tried = 1; ; tried++) {
    try {
      return await sendOnce<T>(request, connection);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      // A token that expired on the way: its source is asked once more.
      if (error.code === "unauthorized" && typeof connection.token === "function" && !isTokenFresh) {
        isTokenFresh = true;
        continue;
      }
      const asked = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
      if (!error.passing || tried >= tries || asked > PAUSE_MAX_MS) throw error;
      await pause(Math.max(asked, jittered(FIRST_PAUSE_MS * 2 ** (tried - 1))), connection.signal);
    }
  }
}

/** Between half and all of it, so that clients that lost the connection together do not come back together. */
export function jittered(ms: number): number {
  return ms * (0.5 + Math.random() / 2);
}

async function sendOnce<T>(request: Request, connection: Connection): Promise<T> {
  const { method = "GET", path, body, waitSeconds = 0 } = request;
  const { baseUrl = "", token, fetch = globalThis.fetch, signal } = connection;
  signal?.throwIfAborted();
  const bearer = typeof token === "function" ? await token() : token;
  const deadline = AbortSignal.timeout((ANSWER_SECONDS + waitSeconds) * 1000);
  try {
    const response = await fetch(baseUrl.replace(/\/+$/, "") + path, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
        ...request.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, errorIn(text), retryAfter(response));
    // Not validated: schemas would weigh more than all the rest of this library.
    return JSON.parse(text || "null") as T;
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ApiError ? error : new NoAnswerError(error);
  }
}

/** The answer of a proxy or a gateway need not have our shape, nor be JSON at all. */
function errorIn(text: string): Partial<ErrorAnswer> {
  try {
    const answer = JSON.parse(text) as Partial<ErrorAnswer> | null;
    return typeof answer?.code === "string" && typeof answer.error === "string" ? answer : {};
  } catch {
    return {};
  }
}

function retryAfter({ headers }: Response): number | undefined {
  const seconds = Number(headers.get("retry-after") ?? NaN);
  return seconds >= 0 ? seconds : undefined;
}

/** `/api/spaces/{spaceId}/media/{id}` */
export function pathOf({ spaceId, id }: { spaceId: string; id: string }): string {
  return `/api/spaces/${encodeURIComponent(spaceId)}/media/${encodeURIComponent(id)}`;
}
