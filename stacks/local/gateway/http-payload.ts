// Payload format 2.0 of API Gateway's HTTP API: the event made of a request, and the response read out of a function's answer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
import { isUtf8 } from "node:buffer";
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { APIGatewayEventRequestContextV2, APIGatewayProxyEventV2WithRequestContext } from "aws-lambda";
import * as z from "zod";
import { ACCOUNT_ID, API_ID } from "../aws/arns.ts";

/** What an authorizer says of the caller, where API Gateway puts it: its own JWT authorizer's claims, or a function's context. */
export type RequestAuthorizer =
  { jwt: { claims: Record<string, string>; scopes: string[] | null } } | { lambda: Record<string, unknown> };

export type GatewayEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & { authorizer?: RequestAuthorizer }
>;

/** What the gateway has found out about a request before a function sees it. */
export interface GatewayRequest {
  request: IncomingMessage;
  requestId: string;
  /** `GET /api/spaces/{spaceId}/media` */
  routeKey: string;
  method: string;
  /** Decoded. */
  path: string;
  pathParameters: Record<string, string>;
  rawQueryString: string;
  /** Where the route asks for a caller. */
  authorizer: RequestAuthorizer | undefined;
  body: Buffer;
}

export function toEvent(from: GatewayRequest): GatewayEvent {
  const { request, requestId, routeKey, method, path, pathParameters, rawQueryString, authorizer, body } = from;
  const sourceIp = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const { cookie, ...received } = request.headersDistinct;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(received)) headers[name] = (values ?? []).join(",");
  headers["x-forwarded-for"] = [headers["x-forwarded-for"], sourceIp].filter(Boolean).join(", ");
  headers["x-forwarded-port"] ??= String(request.socket.localPort ?? "");
  headers["x-forwarded-proto"] ??= "http";
  headers["x-amzn-trace-id"] ??= traceId();

  const query = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const before = query.get(name);
    query.set(name, before === undefined ? value : `${before},${value}`);
  }
  const domainName = headers["host"] ?? "";
  // Bytes that are no text must reach the function as they are, not mended.
  const isText = isUtf8(body) && isTextBody(headers);
  const now = Date.now();
  return {
    version: "2.0",
    routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookie ? { cookies: cookie.flatMap((line) => line.split(/;\s*/)).filter(Boolean) } : {}),
    headers,
    ...(rawQueryString ? { queryStringParameters: Object.fromEntries(query) } : {}),
    requestContext: {
      accountId: ACCOUNT_ID,
      apiId: API_ID,
      ...(authorizer ? { authorizer } : {}),
      domainName,
      domainPrefix: domainName.replace(/[.:].*$/, ""),
      http: {
        method,
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers["user-agent"] ?? "",
      },
      requestId,
      routeKey,
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

/** A function's answer, ready to be sent; header names are lower case. */
export interface Reply {
  statusCode: number;
  headers: Record<string, string>;
  cookies: readonly string[];
  body: Buffer;
}

/** "If your Lambda function returns valid JSON and doesn't return a `statusCode`, API Gateway makes assumptions": 200 and JSON. Undefined when the answer is malformed. */
export function parseReply(payload: string): Reply | undefined {
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
