// API Gateway's HTTP API on this machine: finds the route and its function, admits callers and origins, enforces the limits.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { functionName } from "../../blueprint/functions.ts";
import type { Functions, Outcome } from "../aws/functions.ts";
import { parseReply, toEvent, type Reply, type RequestAuthorizer } from "./http-payload.ts";
import type { Authorize } from "./jwt-authorizer.ts";
import { readBody } from "./request-body.ts";

/** "Payload size: 10 MB" and "Maximum integration timeout: 30 seconds" (AWS: "HTTP API quotas"). */
const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 30_000;

export interface Cors {
  origins: readonly string[];
  methods: readonly string[];
  headers: readonly string[];
  exposedHeaders: readonly string[];
  maxAgeSeconds: number;
}

export interface GatewayOptions {
  /** `GET /api/spaces/{spaceId}/media`, the function behind it, and who may call. */
  routes: readonly { route: string; handler: string; access: string; judgedByFunction?: true }[];
  functions: Pick<Functions, "invoke">;
  /** Asked for every route that is not open; without it all are. */
  authorize?: Authorize;
  /** Without it the gateway knows nothing of CORS, as an HTTP API without a CORS configuration. */
  cors?: Cors;
  timeoutMs?: number;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export function createHttpGateway(options: GatewayOptions): Handle {
  const { functions, authorize, cors, timeoutMs = INTEGRATION_TIMEOUT_MS } = options;
  const table = options.routes.map(parseRoute);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.setHeader("apigw-requestid", requestId);
    const refuse: Refuse = (status, code, error) => sendJson(response, status, { error, code, traceId: requestId });

    if (cors && answerCors(cors, request, response)) return;

    const method = request.method ?? "GET";
    const url = URL.parse(`http://gateway${request.url ?? "/"}`);
    const path = url ? decodePath(url.pathname) : undefined;
    if (!url || path === undefined) return refuse(400, "malformed_path", "The path is not a valid one.");
    const found = findRoute(table, method, path);
    if (!found) {
      return refuse(404, "route_not_found", `There is no ${method} ${path}. GET /openapi.json lists what there is.`);
    }
    const { routeKey, handler, open } = found.route;

    const { pathParameters } = found;
    const rawQueryString = url.search.slice(1);
    const asked = { request, requestId, routeKey, method, path, pathParameters, rawQueryString };
    let authorizer: RequestAuthorizer | undefined;
    if (authorize && !open) {
      const event = toEvent({ ...asked, authorizer, body: Buffer.alloc(0) });
      const verdict = await authorize({ authorization: request.headers.authorization, event });
      if ("refused" in verdict) return refuseCaller(verdict.refused, refuse, response);
      ({ authorizer } = verdict);
    }

    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (!body) return refuse(413, "body_too_large", `The body is larger than ${BODY_LIMIT_BYTES} bytes.`);

    const about = { ...asked, authorizer, body };
    const outcome = await within(timeoutMs, functions.invoke(functionName(handler), toEvent(about)));
    // A function that outlasts the integration is a 503 here, not REST APIs' 504 (serverless/serverless issue 11222).
    if (!outcome) return sendJson(response, 503, { message: "Service Unavailable" });
    if (!outcome.ok && outcome.error.errorType === "RequestTooLargeException") {
      return refuse(
        413,
        "body_too_large",
        "The body is larger than a function can be given (6 MB): send a link instead of a file.",
      );
    }
    const reply = outcome.ok ? parseReply(outcome.payload) : undefined;
    if (!reply) return sendJson(response, 500, { message: "Internal Server Error" });
    sendReply(response, reply, cors);
  }

  return (request, response) => {
    response.on("error", () => {});
    answer(request, response).catch(() => {
      // Either the client went away, or the function's headers cannot be sent: none of them is.
      if (response.headersSent) return;
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      sendJson(response, 500, { message: "Internal Server Error" });
    });
  };
}

type Refuse = (status: number, code: string, error: string) => void;

function refuseCaller(status: 401 | 403 | 500, refuse: Refuse, response: ServerResponse): void {
  if (status === 401) refuse(401, "unauthorized", "Sign in first: this needs a valid bearer token, or a key.");
  else sendJson(response, status, { message: status === 403 ? "Forbidden" : "Internal Server Error" });
}

interface ParsedRoute {
  routeKey: string;
  handler: string;
  open: boolean;
  method: string;
  /** A literal, or the name of the parameter that stands for anything. */
  segments: readonly { literal?: string; parameter?: string }[];
}

function parseRoute({ route, handler, access, judgedByFunction }: GatewayOptions["routes"][number]): ParsedRoute {
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(route) ?? [];
  if (!method || !path || path.includes("+}")) throw new Error(`"${route}" is not a route the local gateway knows`);
  return {
    routeKey: route,
    handler,
    open: access === "open" || judgedByFunction === true,
    method,
    segments: path.split("/").map((segment) => {
      const parameter = /^\{([^}]+)\}$/.exec(segment)?.[1];
      return parameter === undefined ? { literal: segment } : { parameter };
    }),
  };
}

interface Found {
  route: ParsedRoute;
  pathParameters: Record<string, string>;
}

/** An exact segment wins over a parameter, from the left. */
function findRoute(table: readonly ParsedRoute[], method: string, path: string): Found | undefined {
  const parts = path.split("/");
  const rank = (route: ParsedRoute) => route.segments.map((segment) => (segment.parameter ? 1 : 0)).join("");
  const [route] = table
    .filter(
      (candidate) =>
        candidate.method === method &&
        candidate.segments.length === parts.length &&
        candidate.segments.every(({ literal }, index) =>
          literal === undefined ? parts[index] : parts[index] === literal,
        ),
    )
    .sort((one, other) => rank(one).localeCompare(rank(other)));
  if (!route) return undefined;
  const pathParameters: Record<string, string> = {};
  for (const [index, { parameter }] of route.segments.entries()) {
    if (parameter) pathParameters[parameter] = parts[index] ?? "";
  }
  return { route, pathParameters };
}

/**
 * HTTP APIs hand the path over decoded, in `rawPath` too, and `%2F` separates segments like `/`
 * (fastify/aws-lambda-fastify issue 169, honojs/hono issue 2156).
 */
function decodePath(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}

/** These say how the gateway sends, which a function cannot know. */
const GATEWAY_HEADERS = ["content-length", "transfer-encoding", "connection"];

function sendReply(response: ServerResponse, reply: Reply, cors: Cors | undefined): void {
  for (const [name, value] of Object.entries(reply.headers)) {
    // "API Gateway ignores CORS headers returned from your backend integration" where it is configured itself.
    if (GATEWAY_HEADERS.includes(name) || (cors && name.startsWith("access-control-"))) continue;
    response.setHeader(name, value);
  }
  if (reply.cookies.length > 0) response.setHeader("set-cookie", reply.cookies);
  response.statusCode = reply.statusCode;
  response.end(reply.body);
}

/**
 * Puts the CORS headers on the response; true when the request was a preflight, which is then answered.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
function answerCors(cors: Cors, request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  const preflight =
    request.method === "OPTIONS" && origin !== undefined && "access-control-request-method" in request.headers;
  response.setHeader("vary", "origin");
  if (origin !== undefined && cors.origins.includes(origin)) {
    response.setHeader("access-control-allow-origin", origin);
    if (preflight) {
      response.setHeader("access-control-allow-methods", cors.methods.join(","));
      response.setHeader("access-control-allow-headers", cors.headers.join(","));
      response.setHeader("access-control-max-age", String(cors.maxAgeSeconds));
    } else {
      response.setHeader("access-control-expose-headers", cors.exposedHeaders.join(","));
    }
  }
  if (preflight) response.writeHead(204).end();
  return preflight;
}

async function within(timeoutMs: number, invocation: Promise<Outcome>): Promise<Outcome | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs);
  try {
    return await Promise.race([invocation, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** An answer the gateway gives by itself. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(body));
}
