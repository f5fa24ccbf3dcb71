// Runs the functions as Lambda would: JSON in, JSON out, a context, a time limit, and errors as data.
import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Context } from "aws-lambda";
import { functionName } from "../../blueprint/functions.ts";
import { functionArn } from "./arns.ts";

/** The invocation payload limit of a synchronous call, both ways (AWS: "Lambda quotas"). */
const LAMBDA_PAYLOAD_LIMIT_BYTES = 6 * 1024 * 1024;

/** Lambda's context without the callbacks of Node 0.10, which its Node 24 runtime no longer has. */
export type LambdaContext = Omit<Context, "done" | "fail" | "succeed">;
export type Handler = (event: unknown, context: LambdaContext) => unknown;

/** Where handlers come from; tests bring their own. */
export interface HandlerSource {
  resolve(handlerPath: string): Handler | Promise<Handler>;
}

export interface LocalFunction {
  /** As the blueprint names it: `functions/api/enhance-media.handler`. */
  handlerPath: string;
  timeoutSeconds: number;
  /** More than so many at once wait for their turn; undefined: as many as come. */
  atOnce?: number | undefined;
}

/** What Lambda's Node runtime reports of a thrown error (aws/aws-lambda-nodejs-runtime-interface-client, `src/Errors.js`). */
export interface FunctionError {
  errorType: string;
  errorMessage: string;
  trace: string[];
}

export type Outcome = { ok: true; payload: string } | { ok: false; error: FunctionError };

export interface Functions {
  /** The name behind a name, a partial ARN or an ARN with or without a version; undefined when there is no such function. */
  find(nameOrArn: string): string | undefined;
  /** Never rejects: what the function throws is an outcome. */
  invoke(name: string, event: unknown): Promise<Outcome>;
  /** Resolves when no invocation is under way. */
  idle(): Promise<void>;
}

/** Loads `functions/api/enhance-media.handler` from `functions/api/enhance-media.ts` under the root, or anywhere by a full path, when first asked. */
export function handlersFromDisk(root: string): HandlerSource {
  return {
    async resolve(handlerPath) {
      const [, file = "", name] = /^(.+)\.([^./]+)$/.exec(handlerPath) ?? [];
      const module: unknown = await import(pathToFileURL(resolve(root, `${file}.ts`)).href);
      const handler: unknown = isRecord(module) && name ? module[name] : undefined;
      if (!isHandler(handler)) throw new Error(`${file}.ts does not export ${name}`);
      return handler;
    },
  };
}

/**
 * @param report told of every error a function throws, as Lambda's runtime tells the log
 */
export function createFunctions(
  functions: Iterable<LocalFunction>,
  source: HandlerSource,
  report: (name: string, error: FunctionError) => void = () => {},
): Functions {
  const known = new Map<string, LocalFunction>();
  for (const fn of functions) {
    const name = functionName(fn.handlerPath);
    const namesake = known.get(name);
    if (namesake && namesake.handlerPath !== fn.handlerPath) {
      throw new Error(`${namesake.handlerPath} and ${fn.handlerPath} would both be the function ${name}`);
    }
    known.set(name, fn);
  }

  const loaded = new Map<string, Promise<Handler>>();
  const load = (handlerPath: string): Promise<Handler> => {
    const cached = loaded.get(handlerPath);
    if (cached) return cached;
    const handler = Promise.resolve(source.resolve(handlerPath));
    loaded.set(handlerPath, handler);
    return handler;
  };

  async function run(name: string, event: unknown): Promise<Outcome> {
    const fn = known.get(name);
    if (!fn) return failure("ResourceNotFoundException", `Function not found: ${functionArn(name)}`);
    const input = JSON.stringify(event === undefined ? {} : event);
    if (Buffer.byteLength(input) > LAMBDA_PAYLOAD_LIMIT_BYTES) {
      return failure("RequestTooLargeException", `Request must be smaller than ${LAMBDA_PAYLOAD_LIMIT_BYTES} bytes`);
    }

    const requestId = randomUUID();
    let handler: Handler;
    try {
      handler = await load(fn.handlerPath);
    } catch (cause) {
      return { ok: false, error: { ...errorFacts(cause), errorType: "Runtime.ImportModuleError" } };
    }

    const timeoutMs = fn.timeoutSeconds * 1000;
    const deadline = Date.now() + timeoutMs;
    const timedOut = Promise.withResolvers<Outcome>();
    const timer = setTimeout(() => {
      const message = `RequestId: ${requestId} Error: Task timed out after ${fn.timeoutSeconds.toFixed(2)} seconds`;
      timedOut.resolve(failure("Sandbox.Timedout", message));
    }, timeoutMs);
    try {
      return await Promise.race([call(handler, input, contextOf(name, requestId, deadline)), timedOut.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** A laptop is no Lambda: what comes in a burst is worked off, instead of all of it timing out. */
  const lines = new Map<string, { free: number; waiting: (() => void)[] }>();
  async function turns(name: string, work: () => Promise<Outcome>): Promise<Outcome> {
    const atOnce = known.get(name)?.atOnce;
    if (atOnce === undefined) return work();
    const line = lines.get(name) ?? { free: atOnce, waiting: [] };
    lines.set(name, line);
    if (line.free > 0) line.free--;
    else await new Promise<void>((turn) => void line.waiting.push(turn));
    try {
      return await work();
    } finally {
      const next = line.waiting.shift();
      if (next) next();
      else line.free++;
    }
  }

  const underWay = new Set<Promise<Outcome>>();
  return {
    find(nameOrArn) {
      const name = /^(?:(?:arn:aws:lambda:[^:]*:)?\d{12}:function:)?([\w-]+)(?::[\w$-]+)?$/.exec(nameOrArn)?.[1];
      return name !== undefined && known.has(name) ? name : undefined;
    },
    async invoke(name, event) {
      const invocation = turns(name, () => run(name, event));
      underWay.add(invocation);
      try {
        const outcome = await invocation;
        if (!outcome.ok) report(name, outcome.error);
        return outcome;
      } finally {
        underWay.delete(invocation);
      }
    },
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

async function call(handler: Handler, input: string, context: LambdaContext): Promise<Outcome> {
  try {
    const event: unknown = JSON.parse(input);
    const result: unknown = await handler(event, context);
    // `undefined` has no JSON form; the runtime posts null for it.
    const payload = result === undefined ? "null" : JSON.stringify(result);
    return Buffer.byteLength(payload) > LAMBDA_PAYLOAD_LIMIT_BYTES
      ? failure("Function.ResponseSizeTooLarge", `Response payload size exceeded ${LAMBDA_PAYLOAD_LIMIT_BYTES} bytes`)
      : { ok: true, payload };
  } catch (thrown) {
    return { ok: false, error: errorFacts(thrown) };
  }
}

function contextOf(name: string, requestId: string, deadline: number): LambdaContext {
  return {
    functionName: name,
    functionVersion: "$LATEST",
    invokedFunctionArn: functionArn(name),
    memoryLimitInMB: "1024",
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: "local",
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function errorFacts(thrown: unknown): FunctionError {
  return thrown instanceof Error
    ? { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? "").split("\n") }
    : { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
}

function failure(errorType: string, errorMessage: string): Outcome {
  return { ok: false, error: { errorType, errorMessage, trace: [] } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}
