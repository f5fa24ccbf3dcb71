// The middlewares around a function's one call. The order in which a function uses them is the order in which they run.
import type { MiddlewareObj } from "@middy/core";
import * as z from "zod/mini";
import { DomainError } from "../kling/errors.ts";
import { beginInvocation } from "../services/invocation.ts";
import { errorReply, InvalidEventError, NoHttpEventError, RequestError, type ErrorFormat } from "./http-errors.ts";
import { isHttpEvent, type HttpEvent, type HttpReply } from "./http-event.ts";

/** An HTTP API takes 10 MB; we accept no more than this. */
const BODY_MAX_BYTES = 1024 * 1024;

/** Every line of the log names its invocation. */
export const namesInvocation: MiddlewareObj<unknown> = {
  // Not async: what middy awaits afterwards would run outside of this invocation's context.
  before: ({ context }) => void beginInvocation(context.awsRequestId),
};

/** For a route's function that is invoked directly with something other than a request. @throws NoHttpEventError */
export const needsHttpEvent: MiddlewareObj<HttpEvent> = {
  before: ({ event }) => {
    if (!isHttpEvent(event)) throw new NoHttpEventError();
  },
};

/** Any error of a route becomes an answer; where there is no request to answer, the caller gets the error itself. */
export function answersErrors(format?: ErrorFormat): MiddlewareObj<HttpEvent, HttpReply> {
  return {
    onError: async (request) => {
      if (request.error instanceof NoHttpEventError) return;
      request.response = await errorReply(request.error, request.event.requestContext.requestId, format);
    },
  };
}

/**
 * Logs what a function throws, and rethrows it without secrets: Lambda's runtime and Step Functions keep it. The log
 * is imported with its first line.
 * @param facts what the line says beside the error
 * @param isExpected an error that is a regular answer and is not logged
 */
export function logsErrors(
  message: string,
  {
    facts = () => ({}),
    isExpected = () => false,
  }: {
    facts?: (error: Error, event: unknown) => Record<string, unknown>;
    isExpected?: (error: Error) => boolean;
  },
): MiddlewareObj<unknown> {
  return {
    onError: async ({ error, event }) => {
      if (!error || isExpected(error)) return;
      const { log, redactError } = await import("../services/log.ts");
      redactError(error);
      log().warn(message, { error: String(error), ...facts(error, event) });
    },
  };
}

/** For a step: which record, never what it says. */
export function recordIn(_error: Error, event: unknown): Record<string, unknown> {
  return z.object({ mediaId: z.string() }).safeParse(event).data ?? {};
}

/** For an event: its code, and that it was the event's own fault. */
export function faultOf(error: Error): Record<string, unknown> {
  return {
    ...(error instanceof InvalidEventError && { event: "event_invalid" }),
    code: error instanceof DomainError ? error.code : undefined,
  };
}

/** An event whose body has been read. */
export type ParsedEvent = HttpEvent & { json?: unknown };

/** Reads the body as JSON, up to its limit. @throws RequestError 400, 413, 415 */
export const parsesJson: MiddlewareObj<ParsedEvent> = {
  before: ({ event }) => {
    event.json = jsonOf(event);
  },
};

/** The body as it was sent. */
export function bodyOf(event: HttpEvent): Buffer {
  return Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
}

/** @param maxBytes of the body @throws RequestError 400, 413, 415 */
export function jsonOf(event: HttpEvent, maxBytes = BODY_MAX_BYTES): unknown {
  const bytes = bodyOf(event);
  if (bytes.length > maxBytes) throw new RequestError(413, "body_too_large", "The body is larger than 1 MB.");
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
