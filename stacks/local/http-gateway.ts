// API Gateway's HTTP API on this machine: a request becomes an event of payload format 2.0, a function's answer a response.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from "aws-lambda";
import { z } from "zod";
import { ACCOUNT_ID, functionName } from "./arns.ts";
import type { Functions, Outcome } from "./functions.ts";
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
  routes: readonly { route: string; handler: string; access: string }[];
  functions: Pick<Functions, "invoke">;
  /** Asked for every route that is not open; without it all are. */
  authorize?: Authorize;
  /** Without it the gateway knows nothing of CORS, as an HTTP API without a CORS configuration. */
  cors?: Cors;
  timeoutMs?: number;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

/** The claims are where API Gateway's JWT authorizer puts them. */
type GatewayEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & {
    authorizer?: { jwt: { claims: Record<string, string>; scopes: string[] | null } };
  }
>;

export function createHttpGateway(options: GatewayOptions): Handle {
  const { functions, authorize, cors, timeoutMs = INTEGRATION_TIMEOUT_MS } = options;
  const table = options.routes.map(parseRoute);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = randomUUID();
    response.setHeader("apigw-requestid", requestId);
    const refuse = (status: number, code: string, error: string) =>
      sendJson(response, status, { error, code, traceId: requestId });

    if (cors && answerCors(cors, request, response)) return;

    const method = request.method ?? "GET";
    const { pathname, search } = new URL(`http://gateway${request.url ?? "/"}`);
    const path = decodePath(pathname);
    if (path === undefined) return refuse(400, "malformed_path", "The path is not valid percent-encoding.");
    const found = findRoute(table, method, path);
    if (!found)
      return refuse(404, "route_not_found", `There is no ${method} ${path}. GET /openapi.json lists what there is.`);

    let claims: Record<string, string> | undefined;
    if (authorize && !found.route.open) {
      claims = await authorize(request.headers.authorization);
      if (!claims) return refuse(401, "unauthorized", "Sign in first: this needs a valid bearer token.");
    }

    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (!body) return refuse(413, "body_too_large", `The body is larger than ${BODY_LIMIT_BYTES} bytes.`);

    const event = toEvent({ request, path, rawQueryString: search.slice(1), body, requestId, claims, ...found });
    const outcome = await within(timeoutMs, functions.invoke(functionName(found.route.handler), event));
    // A function that outlasts the integration is a 503 here, not REST APIs' 504 (serverless/serverless issue 11222).
    if (!outcome) return sendJson(response, 503, { message: "Service Unavailable" });
    if (!outcome.ok && outcome.error.errorType === "RequestTooLargeException") {
      return refuse(413, "body_too_large", "The body is larger than a function can be given.");
    }
    const reply = outcome.ok ? parseReply(outcome.payload) : undefined;
    if (!reply) return sendJson(response, 500, { message: "Internal Server Error" });
    sendReply(response, reply, cors);
  }

  return (request, response) => {
    response.on("error", () => {});
    answer(request, response).catch(() => {
      // Either the client went away, or the function's headers were none.
      if (!response.headersSent) sendJson(response, 500, { message: "Internal Server Error" });
    });
  };
}

interface ParsedRoute {
  routeKey: string;
  handler: string;
  open: boolean;
  method: string;
  /** A literal, or the name of the parameter that stands for anything. */
  segments: readonly { literal?: string; parameter?: string }[];
}

function parseRoute({ route, handler, access }: GatewayOptions["routes"][number]): ParsedRoute {
  const [, method, path] = /^([A-Z]+) (\/\S*)$/.exec(route) ?? [];
  if (!method || !path || path.includes("+}")) throw new Error(`"${route}" is not a route the local gateway knows`);
  return {
    routeKey: route,
    handler,
    open: access === "open",
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

function toEvent(
  from: Found & {
    request: IncomingMessage;
    path: string;
    rawQueryString: string;
    body: Buffer;
    requestId: string;
    claims: Record<string, string> | undefined;
  },
): GatewayEvent {
  const { request, path, rawQueryString, body, requestId, claims, route, pathParameters } = from;
  const sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const { cookie, ...received } = request.headersDistinct;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(received)) headers[name] = (values ?? []).join(",");
  headers["x-forwarded-for"] = [headers["x-forwarded-for"], sourceIp].filter(Boolean).join(", ");
  headers["x-forwarded-port"] ??= String(request.socket.localPort ?? "");
  headers["x-forwarded-proto"] ??= "http";
  headers["x-amzn-trace-id"] ??= traceId();

  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    query[name] = query[name] === undefined ? value : `${query[name]},${value}`;
  }
  const domainName = headers["host"] ?? "";
  const isText = isTextBody(headers);
  const now = Date.now();
  return {
    version: "2.0",
    routeKey: route.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookie ? { cookies: cookie.flatMap((line) => line.split(/;\s*/)).filter(Boolean) } : {}),
    headers,
    ...(rawQueryString ? { queryStringParameters: query } : {}),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: "local",
      ...(claims ? { authorizer: { jwt: { claims, scopes: null } } } : {}),
      domainName,
      domainPrefix: domainName.replace(/[.:].*$/, ""),
      http: {
        method: route.method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers["user-agent"] ?? "",
      },
      requestId,
      routeKey: route.routeKey,
      stage: "$default",
      time: accessLogTime(now),
      timeEpoch: now,
    },
    ...(Object.keys(pathParameters).length > 0 ? { pathParameters } : {}),
    ...(body.length > 0 ? { body: body.toString(isText ? "utf8" : "base64") } : {}),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** What reaches a function as text; everything else is base64, a form's fields too (AWS: "Lambda functions as targets" has the list). */
function isTextBody(headers: Record<string, string>): boolean {
  const type = (headers["content-type"] ?? "").replace(/;.*$/s, "").trim().toLowerCase();
  return (
    headers["content-encoding"] === undefined &&
    (type.startsWith("text/") || ["application/json", "application/javascript", "application/xml"].includes(type))
  );
}

/** `12/Mar/2020:19:03:58 +0000` */
function accessLogTime(now: number): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(now).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

/** X-Ray's notation: the second it began, then chance. */
function traceId(): string {
  return `Root=1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;
}

const SCALAR = z.union([z.string(), z.number(), z.boolean()]);
const FULL_REPLY = z.object({
  statusCode: z
    .union([z.number(), z.string().regex(/^\d{3}$/)])
    .transform(Number)
    .pipe(z.int().min(200).max(599)),
  headers: z.record(z.string(), SCALAR.nullish()).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

interface Reply {
  statusCode: number;
  headers: Record<string, string>;
  cookies: readonly string[];
  body: Buffer;
}

/** "If your Lambda function returns valid JSON and doesn't return a `statusCode`, API Gateway makes assumptions": 200 and JSON. */
function parseReply(payload: string): Reply | undefined {
  const value: unknown = JSON.parse(payload);
  if (typeof value !== "object" || value === null || !("statusCode" in value)) {
    const body = typeof value === "string" ? value : payload;
    return { statusCode: 200, headers: { "content-type": "application/json" }, cookies: [], body: Buffer.from(body) };
  }
  const parsed = FULL_REPLY.safeParse(value);
  if (!parsed.success) return undefined;
  const { statusCode, headers, cookies, body, isBase64Encoded } = parsed.data;
  const lowerCased: Record<string, string> = {};
  for (const [name, header] of Object.entries(headers ?? {})) {
    if (header !== null && header !== undefined) lowerCased[name.toLowerCase()] = String(header);
  }
  if (body) lowerCased["content-type"] ??= "text/plain;charset=UTF-8";
  return {
    statusCode,
    headers: lowerCased,
    cookies: cookies ?? [],
    body: Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8"),
  };
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
