// Whose token cannot be judged, because its issuer does not answer, is told so by every route, and is nobody meanwhile.
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { functionName } from "../../stacks/blueprint/functions.ts";
import { AUTHORIZER, ROUTES } from "../../stacks/blueprint/routes.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { startTokenIssuer, AUDIENCE, type TokenIssuer } from "../support/token-issuer.ts";

let issuer: TokenIssuer;
let down: Server;
let token: string;
beforeAll(async () => {
  issuer = await startTokenIssuer();
  // Its keys lie elsewhere, at an address that takes the connection and breaks it.
  down = createServer((request) => request.socket.destroy());
  await once(down.listen(0, "127.0.0.1"), "listening");
  const address = down.address();
  if (address === null || typeof address === "string") throw new Error("The issuer has no port.");
  const settings = {
    AUTH: "jwt,keys",
    JWT_ISSUER: issuer.issuer,
    JWT_AUDIENCE: AUDIENCE,
    JWT_JWKS_URL: `http://127.0.0.1:${address.port}/jwks`,
    // There to be linked, and never asked.
    AWS_REGION: "us-east-1",
    SST_RESOURCE_App: '{"name":"media","stage":"test"}',
    SST_RESOURCE_Media: '{"name":"Media"}',
    MEDIA_STORE: "s3://media-files",
    SST_RESOURCE_Bus: '{"name":"media"}',
    SST_RESOURCE_SealSecret: '{"value":"seal"}',
    SST_RESOURCE_CursorSecret: '{"value":"cursors"}',
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
  token = await issuer.token({ sub: "ada", tenant: "acme" });
});
afterAll(() => {
  issuer.close();
  down.close();
  vi.unstubAllEnvs();
});

async function call(handler: string, event: object): Promise<unknown> {
  const { handler: run } = (await import(join(ROOT, handler.replace(/\.handler$/, ".ts")))) as {
    handler: (event: object, context: object) => Promise<unknown>;
  };
  return run(event, { awsRequestId: "request-1" });
}

const judge = () => call(AUTHORIZER, { identitySource: [`Bearer ${token}`] });

it("our authorizer lets the request through without saying who calls", async () => {
  expect(await judge()).toEqual({ isAuthorized: true, context: { unjudged: "issuer_unavailable" } });
});

describe("503 issuer_unavailable, with when to come back,", () => {
  // Those in the shape of others' APIs say it in that shape (test/strangers), by the same door.
  const closed = ROUTES.filter(({ route, access }) => access !== "open" && route.includes(" /api/"));
  it.each(closed)("answers $route", async ({ route, handler }) => {
    const { context } = (await judge()) as { context: object };
    const [method = "", path = ""] = route.split(" ");
    const pathParameters = {
      spaceId: "holiday",
      id: handler.includes("key") ? "0".repeat(20) : "019b76da-a800-7000-8000-000000000001",
      deliveryId: "0".repeat(32),
    };
    const body = {
      spaceId: "holiday",
      context: "The waves roll in.",
      mediaSpace: { id: "a", media: { image: { link: "https://pictures.example/beach.jpg" } } },
      name: "shop",
      url: "https://shop.example/hooks",
      size: 1000,
    };
    const answer = await call(handler, {
      version: "2.0",
      routeKey: route,
      rawPath: path,
      rawQueryString: "",
      headers: { "content-type": "application/json", host: "api.example" },
      pathParameters,
      requestContext: {
        requestId: "trace-1",
        routeKey: route,
        http: { method, path },
        authorizer: { lambda: context },
      },
      body: JSON.stringify(body),
      isBase64Encoded: false,
    });
    expect([functionName(handler), answer]).toMatchObject([
      functionName(handler),
      { statusCode: 503, headers: { "retry-after": "60" } },
    ]);
    const { body: told } = answer as { body: string };
    expect(JSON.parse(told)).toMatchObject({ code: "issuer_unavailable", error: expect.stringContaining("provider") });
  });
});
