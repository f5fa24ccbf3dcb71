// What every function does around its one call: parse, know the caller, log, turn errors into answers.
import middy, { type MiddlewareObj } from "@middy/core";
import { en } from "zod/locales";
import * as z from "zod/mini";
import { callerOf, type Access, type Caller } from "./caller.ts";
import type { HttpEvent, HttpReply } from "./http-event.ts";
import { nearMisses } from "./near-miss.ts";
import { InvalidEventError, RequestError, type ErrorFormat } from "./http-errors.ts";
import {
  answersErrors,
  bodyOf,
  faultOf,
  logsErrors,
  namesInvocation,
  needsHttpEvent,
  parsesJson,
  recordIn,
  type ParsedEvent,
} from "./middlewares.ts";

// zod's small edition has no error messages until a locale is set. And it would compile a parser for each schema at its first use: 5 to
// 10 ms of a cold start, for calls of microseconds.
z.config({ ...en(), jitless: true });

/** What a route takes: any of `body` (JSON), `path` and `query`. */
type RequestShape = z.ZodMiniObject<{ body?: z.ZodMiniType; path?: z.ZodMiniType; query?: z.ZodMiniType }>;

interface Circumstances {
  /** Names in lower case. */
  headers: HttpEvent["headers"];
  rawPath: string;
  method: string;
  traceId: string;
  /** The body as it was sent: what a signature is over. */
  rawBody: () => Uint8Array;
  /** Asked for lazily: open routes have no caller. @throws RequestError 401, 403 */
  caller: (access: Access) => Caller;
}

/** How a route is spoken to, where that is not our own way: how errors are told, and what is done before the request is read. */
export interface Manners {
  errors?: ErrorFormat;
  before?: MiddlewareObj<ParsedEvent>[];
  /** Reads the body, if any is taken. */
  body?: MiddlewareObj<ParsedEvent>;
}

/** A function behind an HTTP route. `answer` gets what `shape` parsed; any error it throws becomes an answer. */
export function http<S extends RequestShape>(
  shape: S,
  answer: (request: z.infer<S>, circumstances: Circumstances) => Promise<HttpReply>,
  { errors, before = [], body = parsesJson }: Manners = {},
) {
  const route = middy<ParsedEvent, HttpReply>().use(namesInvocation).use(answersErrors(errors)).use(needsHttpEvent);
  route.use(before);
  if ("body" in shape.shape) route.use(body);
  return route.handler(async (event) =>
    answer(validated(shape, event), {
      headers: event.headers,
      rawPath: event.rawPath,
      method: event.requestContext.http.method,
      traceId: event.requestContext.requestId,
      rawBody: () => bodyOf(event),
      caller: (access) => callerOf(event, access),
    }),
  );
}

/** A step of the workflow. What it throws keeps its name: the state machine matches on it. */
export function step<I extends z.ZodMiniType, R>(input: I, run: (input: z.infer<I>) => Promise<R>) {
  return middy<unknown, R>()
    .use(namesInvocation)
    .use(logsErrors("step failed", { facts: recordIn }))
    .handler(async (event) => run(input.parse(event)));
}

/**
 * A function behind the bus or the schedule. It throws on failure, so that AWS retries and keeps what failed.
 * @param writtenByPeople a field that looks like a misspelt one is refused
 * @param around wraps the call, for invalid events too; what it throws is logged and stripped of secrets like the call's own error
 */
export function onEvent<E extends z.ZodMiniType, R>(
  shape: E,
  run: (event: z.infer<E>) => Promise<R>,
  {
    writtenByPeople = false,
    around = (_event, carryOut) => carryOut(),
  }: { writtenByPeople?: boolean; around?: (event: unknown, carryOut: () => Promise<R>) => Promise<R> } = {},
) {
  const validatedRun = async (event: unknown): Promise<R> => {
    const result = shape.safeParse(event);
    const misspelt = writtenByPeople ? nearMisses(shape, event) : [];
    if (result.success && misspelt.length === 0) return run(result.data);
    throw new InvalidEventError([...misspelt, ...(result.error ? faultsIn(result.error) : [])]);
  };
  return middy<unknown, R>()
    .use(namesInvocation)
    .use(logsErrors("event failed", { facts: faultOf }))
    .handler(async (event) => around(event, () => validatedRun(event)));
}

/** A JSON answer. */
export function reply(statusCode: number, body: unknown, headers: Record<string, string> = {}): HttpReply {
  const json = { "content-type": "application/json", "cache-control": "no-store" };
  return { statusCode, headers: { ...json, ...headers }, body: JSON.stringify(body) };
}

function validated<S extends RequestShape>(shape: S, event: ParsedEvent): z.infer<S> {
  const asked = {
    body: event.json,
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

export function faultsIn({ issues }: z.core.$ZodError): { path: string; message: string }[] {
  return issues.map(({ path, message }) => ({ path: path.join("."), message }));
}
