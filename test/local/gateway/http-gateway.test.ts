// The local HTTP API against AWS's documented examples: what a function is given, and what becomes of its answer.
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import { describe, expect, test } from "vitest";
import { createFunctions, type Handler } from "../../../stacks/local/aws/functions.ts";
import { createHttpGateway, type GatewayOptions } from "../../../stacks/local/gateway/http-gateway.ts";
import { serve } from "../local-server.ts";

type GatewayEvent = APIGatewayProxyEventV2WithJWTAuthorizer;

const ROUTES = [
  { route: "POST /my/path", handler: "functions/api/echo.handler", access: "open" },
  { route: "GET /my/path", handler: "functions/api/echo.handler", access: "open" },
  { route: "GET /spaces/{spaceId}/media", handler: "functions/api/list.handler", access: "read" },
  { route: "GET /spaces/{spaceId}/media/{id}", handler: "functions/api/get.handler", access: "read" },
  { route: "GET /spaces/mine/media", handler: "functions/api/mine.handler", access: "open" },
];
const MEGABYTE = 1024 * 1024;
const UUID = /^[0-9a-f-]{36}$/;

/** A gateway whose functions all do the same; the events they get are kept. */
async function gateway(
  answer: Handler = () => ({ ok: true }),
  { timeoutSeconds = 60, ...options }: Partial<GatewayOptions> & { timeoutSeconds?: number } = {},
) {
  const events: GatewayEvent[] = [];
  const names: string[] = [];
  const functions = createFunctions(
    ROUTES.map(({ handler }) => ({ handlerPath: handler, timeoutSeconds })),
    {
      resolve: () => (event, context) => {
        names.push(context.functionName);
        if (isEvent(event)) events.push(event);
        return answer(event, context);
      },
    },
  );
  const url = await serve(createHttpGateway({ routes: ROUTES, functions, ...options }));
  const eventOf = async (path: string, init?: RequestInit): Promise<GatewayEvent> => {
    await fetch(url + path, init);
    const event = events.at(-1);
    if (!event) throw new Error("No function was called");
    return event;
  };
  return { url, events, names, eventOf };
}

function isEvent(event: unknown): event is GatewayEvent {
  return typeof event === "object" && event !== null && "requestContext" in event;
}

describe("what a function is given", () => {
  test("the documented example of payload format 2.0, field by field", async () => {
    const { url, events } = await gateway();
    const request = httpRequest(`${url}/my/path?parameter1=value1&parameter1=value2&parameter2=value`, {
      method: "POST",
      headers: {
        Header1: "value1",
        Header2: ["value1", "value2"],
        Cookie: "cookie1=a; cookie2=b",
        "User-Agent": "agent",
        "Content-Type": "text/plain",
      },
    });
    request.end("Hello from Lambda");
    await once(request, "response");
    const [event] = events;
    const { host } = new URL(url);
    expect(event).toEqual({
      version: "2.0",
      routeKey: "POST /my/path",
      rawPath: "/my/path",
      rawQueryString: "parameter1=value1&parameter1=value2&parameter2=value",
      cookies: ["cookie1=a", "cookie2=b"],
      headers: expect.objectContaining({
        header1: "value1",
        header2: "value1,value2",
        host,
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-port": host.replace(/^.*:/, ""),
        "x-amzn-trace-id": expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      }),
      queryStringParameters: { parameter1: "value1,value2", parameter2: "value" },
      requestContext: {
        accountId: "000000000000",
        apiId: "local",
        domainName: host,
        domainPrefix: "127",
        http: { method: "POST", path: "/my/path", protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "agent" },
        requestId: expect.stringMatching(UUID),
        routeKey: "POST /my/path",
        stage: "$default",
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: "Hello from Lambda",
      isBase64Encoded: false,
    });
    expect(event?.headers).not.toHaveProperty("cookie");
  });

  test("what a request does not have is absent, not empty", async () => {
    const { eventOf } = await gateway();
    const event = await eventOf("/my/path");
    for (const field of ["body", "cookies", "queryStringParameters", "pathParameters"]) {
      expect(event).not.toHaveProperty(field);
    }
    expect(event).toMatchObject({ rawQueryString: "", isBase64Encoded: false });
  });

  test("path parameters and the path are decoded, the query string only in its parameters", async () => {
    const { eventOf } = await gateway();
    const event = await eventOf("/spaces/caf%C3%A9%20one/media/a%2Bb?q=a%20b%2Cc&empty=");
    expect(event).toMatchObject({
      routeKey: "GET /spaces/{spaceId}/media/{id}",
      rawPath: "/spaces/café one/media/a+b",
      pathParameters: { spaceId: "café one", id: "a+b" },
      rawQueryString: "q=a%20b%2Cc&empty=",
      queryStringParameters: { q: "a b,c", empty: "" },
    });
  });

  test("a query parameter may have any name", async () => {
    const { eventOf } = await gateway();
    const { queryStringParameters } = await eventOf("/my/path?constructor=a&__proto__=b&toString=c");
    expect(Object.entries(queryStringParameters ?? {})).toEqual([
      ["constructor", "a"],
      ["__proto__", "b"],
      ["toString", "c"],
    ]);
  });

  test.each([
    ["application/json", '{"a":"é"}', false],
    ["application/json; charset=utf-8", "{}", false],
    ["text/csv", "a,b", false],
    ["application/x-www-form-urlencoded", "a=b", true],
    ["image/png", "\u0089PNG", true],
    [undefined, "anything", true],
  ])("a body of type %s: base64 is %3$s", async (type, body, isBase64Encoded) => {
    const { eventOf } = await gateway();
    const bytes = Buffer.from(body);
    const event = await eventOf("/my/path", {
      method: "POST",
      body: bytes,
      headers: type ? { "content-type": type } : {},
    });
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? "", isBase64Encoded ? "base64" : "utf8")).toEqual(bytes);
  });

  test("a compressed body stays as it came", async () => {
    const { eventOf } = await gateway();
    const headers = { "content-type": "application/json", "content-encoding": "gzip" };
    const event = await eventOf("/my/path", { method: "POST", body: Buffer.from([0x1f, 0x8b, 0xff]), headers });
    expect(event).toMatchObject({ isBase64Encoded: true, body: "H4v/" });
  });
});

describe("which function answers", () => {
  test("an exact segment wins over a parameter", async () => {
    const { names, eventOf } = await gateway();
    await eventOf("/spaces/mine/media");
    await eventOf("/spaces/theirs/media");
    expect(names).toEqual(["mine", "list"]);
  });

  test.each([
    ["a path without a route", "GET", "/nowhere", 404, "route_not_found"],
    ["a method without a route", "DELETE", "/my/path", 404, "route_not_found"],
    ["a slash too many", "GET", "/my/path/", 404, "route_not_found"],
    ["an empty parameter", "GET", "/spaces//media", 404, "route_not_found"],
    ["an encoded slash, which separates too", "GET", "/spaces/a%2Fb/media", 404, "route_not_found"],
    ["broken percent-encoding", "GET", "/spaces/%E0%A4%A/media", 400, "malformed_path"],
    ["a preflight where CORS is not configured", "OPTIONS", "/my/path", 404, "route_not_found"],
  ])("%s: %s %s is %d %s, in this API's own words", async (_case, method, path, status, code) => {
    const { url, names } = await gateway();
    const response = await fetch(url + path, { method });
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({
      error: expect.any(String),
      code,
      traceId: response.headers.get("apigw-requestid"),
    });
    expect(names).toEqual([]);
  });
});

describe("what becomes of an answer", () => {
  const replyTo = async (answer: unknown) => {
    const { url } = await gateway(() => answer);
    return fetch(`${url}/my/path`);
  };

  test.each([
    ["a string", "Hello from Lambda!", "Hello from Lambda!"],
    ["an object", { message: "Hello from Lambda!" }, '{"message":"Hello from Lambda!"}'],
    ["a number", 42, "42"],
    ["nothing", undefined, "null"],
  ])("%s without a status is a 200 of JSON", async (_case, answer, body) => {
    const response = await replyTo(answer);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.text()).toBe(body);
  });

  test("a full answer keeps its status, headers and cookies", async () => {
    const response = await replyTo({
      statusCode: 201,
      headers: { "Content-Type": "text/html", "X-Count": 3, "Content-Length": "9999" },
      cookies: ["a=1; HttpOnly", "b=2"],
      body: "<p>Hello</p>",
    });
    expect(response.status).toBe(201);
    expect(response.headers.get("content-type")).toBe("text/html");
    expect(response.headers.get("x-count")).toBe("3");
    expect(response.headers.getSetCookie()).toEqual(["a=1; HttpOnly", "b=2"]);
    expect(await response.text()).toBe("<p>Hello</p>");
  });

  test("a full answer that names no type is plain text", async () => {
    const response = await replyTo({ statusCode: 200, body: "hello" });
    expect(response.headers.get("content-type")).toBe("text/plain;charset=UTF-8");
  });

  test("a base64 answer is sent as its bytes", async () => {
    const response = await replyTo({
      statusCode: 200,
      headers: { "content-type": "image/jpeg" },
      body: "/9j/4A==",
      isBase64Encoded: true,
    });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0xff, 0xd8, 0xff, 0xe0]));
  });

  test("a 204 has no body and no type", async () => {
    const response = await replyTo({ statusCode: 204 });
    expect(response.status).toBe(204);
    expect(response.headers.get("content-type")).toBeNull();
  });

  test.each([
    ["a status that is none", { statusCode: "OK" }],
    ["a status out of range", { statusCode: 42 }],
    ["a body that is no text", { statusCode: 200, body: { a: 1 } }],
    ["cookies that are no list", { statusCode: 200, cookies: "a=1" }],
    ["a header that cannot be sent", { statusCode: 200, headers: { "x-bad": "a\r\nset-cookie: b" } }],
    ["more than 6 MB", { statusCode: 200, body: "x".repeat(6 * MEGABYTE) }],
  ])("%s is a 500, and says no more than API Gateway does", async (_case, answer) => {
    const response = await replyTo(answer);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
  });

  test("a function that throws is a 500 without its words", async () => {
    const { url } = await gateway(() => {
      throw new Error("the password is hunter2");
    });
    const response = await fetch(`${url}/my/path`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
  });

  test("a function that outlasts its own limit is a 500, as one that throws", async () => {
    const { url } = await gateway(() => new Promise(() => {}), { timeoutSeconds: 0.001 });
    const response = await fetch(`${url}/my/path`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: "Internal Server Error" });
  });

  test("a function that outlasts the gateway's patience is a 503", async () => {
    const { url } = await gateway(() => new Promise(() => {}), { timeoutMs: 1 });
    const response = await fetch(`${url}/my/path`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: "Service Unavailable" });
  });
});

describe("how much a request may carry", () => {
  const post = async (size: number) => {
    const { url, names } = await gateway();
    const headers = { "content-type": "text/plain" };
    const response = await fetch(`${url}/my/path`, { method: "POST", body: "x".repeat(size), headers });
    return { response, names };
  };

  test("5 MB reach the function", async () => {
    const { response, names } = await post(5 * MEGABYTE);
    expect(response.status).toBe(200);
    expect(names).toEqual(["echo"]);
  });

  test.each([
    ["over 10 MB, the gateway's limit", 10 * MEGABYTE + 1],
    ["over 6 MB, the function's limit", 7 * MEGABYTE],
  ])("%s: 413, and the function is not called", async (_case, size) => {
    const { response, names } = await post(size);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: "body_too_large" });
    expect(names).toEqual([]);
  });

  test.each(["a header", "an address"])("%s of more than 16 KB never reaches a function", async (what) => {
    const { url, names } = await gateway();
    const long = "x".repeat(17_000);
    const response = await fetch(`${url}/my/path${what === "an address" ? `?${long}` : ""}`, {
      headers: what === "a header" ? { "x-long": long } : {},
    });
    expect(response.status).toBe(431);
    expect(names).toEqual([]);
  });

  test("a client that hangs up in the middle disturbs no other", async () => {
    const { url, names } = await gateway();
    const { port } = new URL(url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("POST /my/path HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
    expect((await fetch(`${url}/my/path`)).status).toBe(200);
    expect(names).toEqual(["echo"]);
  });

  test("a client that does not wait for its answer disturbs no other", async () => {
    const called = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<string>();
    const { url } = await gateway(() => {
      called.resolve();
      return answer.promise;
    });
    const gone = new AbortController();
    const waiting = fetch(`${url}/my/path`, { signal: gone.signal });
    await called.promise;
    gone.abort();
    await expect(waiting).rejects.toThrow();
    answer.resolve("late");
    expect(await (await fetch(`${url}/my/path`)).text()).toBe("late");
  });
});

describe("pages of other origins", () => {
  const cors = {
    origins: ["https://app.example.com"],
    methods: ["GET", "POST"],
    headers: ["content-type"],
    exposedHeaders: ["idempotent-replayed"],
    maxAgeSeconds: 300,
  };
  const preflight = (origin: string) => ({
    method: "OPTIONS",
    headers: { origin, "access-control-request-method": "POST" },
  });

  test("the gateway answers the preflight of a listed origin itself", async () => {
    const { url, names } = await gateway(undefined, { cors });
    const response = await fetch(`${url}/my/path`, preflight("https://app.example.com"));
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": "https://app.example.com",
      "access-control-allow-methods": "GET,POST",
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "300",
    });
    expect(names).toEqual([]);
  });

  test("an origin that is not listed gets no CORS header", async () => {
    const { url } = await gateway(undefined, { cors });
    for (const response of [
      await fetch(`${url}/my/path`, preflight("https://evil.example.com")),
      await fetch(`${url}/my/path`, { headers: { origin: "https://evil.example.com" } }),
    ]) {
      expect([...response.headers.keys()].filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  test("the gateway's CORS headers replace the function's", async () => {
    const answer = { statusCode: 200, headers: { "Access-Control-Allow-Origin": "*" }, body: "hello" };
    const { url } = await gateway(() => answer, { cors });
    const response = await fetch(`${url}/my/path`, { headers: { origin: "https://app.example.com" } });
    expect(response.headers.get("access-control-allow-origin")).toBe("https://app.example.com");
    expect(response.headers.get("access-control-expose-headers")).toBe("idempotent-replayed");
    expect(response.headers.get("vary")).toBe("origin");
  });
});

describe("who may call", () => {
  const authorize: GatewayOptions["authorize"] = async ({ authorization }) =>
    authorization === "Bearer good"
      ? { authorizer: { jwt: { claims: { sub: "ann" }, scopes: null } } }
      : { refused: 401 };

  test("without a valid token: 401, and the function is not called", async () => {
    const { url, names } = await gateway(undefined, { authorize });
    const response = await fetch(`${url}/spaces/a/media`, { headers: { authorization: "Bearer bad" } });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "unauthorized" });
    expect(names).toEqual([]);
  });

  test("with one, the function finds its claims where API Gateway puts them", async () => {
    const { eventOf } = await gateway(undefined, { authorize });
    const event = await eventOf("/spaces/a/media", { headers: { authorization: "Bearer good" } });
    expect(event.requestContext.authorizer).toEqual({ jwt: { claims: { sub: "ann" }, scopes: null } });
  });

  test("open routes call no authorizer", async () => {
    const { eventOf } = await gateway(undefined, { authorize });
    expect((await eventOf("/my/path")).requestContext).not.toHaveProperty("authorizer");
  });
});

test("a route the gateway cannot serve stops the start", async () => {
  await expect(
    gateway(undefined, { routes: [{ route: "GET /{proxy+}", handler: "functions/api/echo.handler", access: "open" }] }),
  ).rejects.toThrow("is not a route");
});
