// What every function does around its one call: parse, know the caller, log, turn errors into answers.
import middy from "@middy/core";
import { en } from "zod/locales";
import * as z from "zod/mini";
import { callerOf, type Access, type Caller } from "./caller.ts";
import { isHttpEvent, type HttpEvent, type HttpReply } from "./http-event.ts";
import { nearMisses } from "./near-miss.ts";
import { errorReply, InvalidEventError, NoHttpEventError, RequestError } from "./http-errors.ts";
import { DomainError } from "../kling/errors.ts";

// zod's small edition brings no words of its own. And it would compile a parser for each schema at its first use: 5 to
// 10 ms of a cold start, for calls of microseconds.
z.config({ ...en(), jitless: true });

/** HTTP API takes 10 MB; nothing that we accept is larger than this. */
const BODY_MAX_BYTES = 1024 * 1024;

/** What a route takes: any of `body` (JSON), `path` and `query`. */
type RequestShape = z.ZodMiniObject<{ body?: z.ZodMiniType; path?: z.ZodMiniType; query?: z.ZodMiniType }>;

interface Circumstances {
  /** Names in lower case. */
  headers: HttpEvent["headers"];
  rawPath: string;
  /** The body as it was sent: what a signature is over. */
  rawBody: () => Uint8Array;
  /** Asked for lazily: open routes have no caller. @throws RequestError 401, 403 */
  caller: (access: Access) => Caller;
}

/** A function behind an HTTP route. `answer` gets what `shape` parsed; whatever it throws becomes an answer. */
export function http<S extends RequestShape>(
  shape: S,
  answer: (request: z.infer<S>, circumstances: Circumstances) => Promise<HttpReply>,
) {
  return middy<HttpEvent, HttpReply>()
    .onError(async (request) => {
      // Called by its name, with something else than a request: there is nobody to answer, so the caller is told by an error.
      if (request.error instanceof NoHttpEventError) return;
      request.response = await errorReply(request.error, request.event.requestContext.requestId);
    })
    .handler(async (event) =>
      answer(parseRequest(shape, event), {
        headers: event.headers,
        rawPath: event.rawPath,
        rawBody: () => bodyOf(event),
        caller: (access) => callerOf(event, access),
      }),
    );
}

/** A step of the workflow. What it throws keeps its name: the state machine matches on it. */
export function step<I extends z.ZodMiniType, R>(input: I, run: (input: z.infer<I>) => Promise<R>) {
  return middy<unknown, R>()
    .onError(async ({ error, event }) => {
      const { log, speakable } = await import("../services/log.ts");
      speakable(error);
      log().warn("step failed", { error: String(error), ...keysOf(event) });
    })
    .handler(async (event) => run(input.parse(event)));
}

/**
 * A function behind the bus or the clock. It throws what it cannot do, so that AWS retries and keeps what failed.
 * @param writtenByPeople a field that looks like a misspelt one is refused
 */
export function onEvent<E extends z.ZodMiniType, R>(
  shape: E,
  run: (event: z.infer<E>) => Promise<R>,
  { writtenByPeople = false } = {},
) {
  return middy<unknown, R>()
    .onError(async ({ error }) => {
      const { log, speakable } = await import("../services/log.ts");
      speakable(error);
      const code = error instanceof DomainError ? error.code : undefined;
      const isInvalid = error instanceof InvalidEventError;
      log().warn("event failed", { ...(isInvalid && { event: "event_invalid" }), error: String(error), code });
    })
    .handler(async (event) => {
      const result = shape.safeParse(event);
      const misspelt = writtenByPeople ? nearMisses(shape, event) : [];
      if (result.success && misspelt.length === 0) return run(result.data);
      throw new InvalidEventError([...misspelt, ...(result.error ? faultsIn(result.error) : [])]);
    });
}

/** A JSON answer. */
export function reply(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpReply {
  const json = { "content-type": "application/json", "cache-control": "no-store" };
  return { statusCode, headers: { ...json, ...headers }, body: JSON.stringify(body) };
}

/** @throws NoHttpEventError */
function parseRequest<S extends RequestShape>(shape: S, event: HttpEvent): z.infer<S> {
  if (!isHttpEvent(event)) throw new NoHttpEventError();
  const asked = {
    body: "body" in shape.shape ? jsonBody(event) : undefined,
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
  };
  const result = shape.safeParse(asked);
  const misspelt = nearMisses(shape, asked);
  if (result.success && misspelt.length === 0) return result.data;
  const faults = [...misspelt, ...(result.error ? faultsIn(result.error) : [])];
  const details = faults.map(({ path, message }) => ({ path: path.replace(/^\w+\.?/, ""), message }));
  throw new RequestError(400, "invalid_request", "The request is not valid; `details` says where.", details);
}

function bodyOf(event: HttpEvent): Buffer {
  return Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
}

function jsonBody(event: HttpEvent): unknown {
  const bytes = bodyOf(event);
  if (bytes.length > BODY_MAX_BYTES) throw new RequestError(413, "body_too_large", "The body is larger than 1 MB.");
  const type = event.headers["content-type"] ?? "";
  if (!/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type)) {
    throw new RequestError(
      415,
      "unsupported_media_type",
      "Send the body as JSON, with Content-Type: application/json.",
    );
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new RequestError(400, "malformed_json", "The body is not valid JSON in UTF-8.");
  }
}

function faultsIn({ issues }: z.core.$ZodError): { path: string; message: string }[] {
  return issues.map(({ path, message }) => ({ path: path.join("."), message }));
}

/** For the log: which record, never what it says. */
function keysOf(event: unknown): Record<string, unknown> {
  return z.object({ mediaId: z.string() }).safeParse(event).data ?? {};
}
