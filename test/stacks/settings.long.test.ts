// What may be set of a deploy, and what it then makes: a graph for each.
import { describe, test } from "vitest";
import { at, graphOf, NEEDED_SETTINGS, ofType, resource } from "../support/resource-graph.ts";

const { JWT_ISSUER, JWT_AUDIENCE, SST_SECRET_FalKey } = NEEDED_SETTINGS;

describe("what may be set", { timeout: 60_000 }, () => {
  test("AUTH=off deploys an open API, and its output says so", async ({ expect }) => {
    const graph = await graphOf("t", { SST_SECRET_FalKey, AUTH: "off" });
    expect(graph.outputs["access"]).toMatch(
      /^OPEN \(AUTH=off\): anyone who knows the address can spend your fal credit/,
    );
    expect(ofType(graph, "aws:apigatewayv2/authorizer:Authorizer")).toEqual([]);
    const routes = ofType(graph, "aws:apigatewayv2/route:Route").map(({ inputs }) => inputs["authorizationType"]);
    expect(new Set(routes)).toEqual(new Set(["NONE"]));
  });

  test("AUTH=keys needs no issuer: our function judges callers, and the output says how the first key is made", async ({
    expect,
  }) => {
    const graph = await graphOf("t", { SST_SECRET_FalKey, AUTH: "keys" });
    expect(graph.outputs["access"]).toBe(
      "Callers need a key. The first one: npm run api-key -- create --tenant <tenant> --name <what it is for> --stage t",
    );
    expect(resource(graph, "aws:apigatewayv2/authorizer:Authorizer").inputs).toMatchObject({
      authorizerType: "REQUEST",
      authorizerPayloadFormatVersion: "2.0",
      enableSimpleResponses: true,
      identitySources: ["$request.header.Authorization"],
      authorizerResultTtlInSeconds: 50,
    });
    const routes = ofType(graph, "aws:apigatewayv2/route:Route").map(({ inputs }) => inputs["authorizationType"]);
    expect(new Set(routes)).toEqual(new Set(["NONE", "CUSTOM"]));
    const authorizer = resource(graph, "aws:lambda/function:Function", "AuthorizeCallerFunction").inputs;
    expect(authorizer).toMatchObject({ environment: { variables: { AUTH: "keys" } } });
  });

  test("origins, an e-mail address for the alarms, limits, and the functions' own settings", async ({ expect }) => {
    const graph = await graphOf("t", {
      ...NEEDED_SETTINGS,
      CORS_ORIGINS: "https://app.example.com, https://admin.example.com",
      ALARM_EMAIL: "ops@example.com",
      SUBMIT_CONCURRENCY: "none",
      POLL_SECONDS: "20",
      // Of `sst dev` alone: every stage that is deployed is production, and asks fal.
      NODE_ENV: "development",
      FAL_TEST_MODE: "on",
    });
    expect(graph.outputs["access"]).toBe("Callers need a token of https://issuer.example.com.");
    // With tokens alone the gateway's own authorizer judges them, and ours is not deployed.
    expect(resource(graph, "aws:apigatewayv2/authorizer:Authorizer").inputs).toMatchObject({ authorizerType: "JWT" });
    const functions = ofType(graph, "aws:lambda/function:Function").map(({ name }) => name);
    expect(functions).not.toContain("AuthorizeCallerFunction");
    expect(resource(graph, "aws:apigatewayv2/api:Api").inputs["corsConfiguration"]).toMatchObject({
      allowOrigins: ["https://app.example.com", "https://admin.example.com"],
      allowMethods: ["GET", "POST", "PATCH", "DELETE"],
    });
    const bucketCors = resource(graph, "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration");
    expect(
      at(bucketCors, "corsRules.0"),
      "pages of the API and of the listed origins may play, keep and put files",
    ).toEqual({
      allowedMethods: ["GET", "HEAD", "PUT"],
      allowedOrigins: [graph.outputs["api"], "https://app.example.com", "https://admin.example.com"],
      allowedHeaders: ["*"],
      exposeHeaders: ["Content-Range", "Content-Disposition", "ETag"],
      maxAgeSeconds: 3600,
    });
    expect(resource(graph, "aws:sns/topicSubscription:TopicSubscription").inputs).toMatchObject({
      protocol: "email",
      endpoint: "ops@example.com",
    });
    const submit = resource(graph, "aws:lambda/function:Function", "SubmitGenerationFunction").inputs;
    expect(submit).not.toHaveProperty("reservedConcurrentExecutions");
    expect(submit).toMatchObject({
      environment: { variables: { POLL_SECONDS: "20", AUTH: "jwt", NODE_ENV: "production" } },
    });
    expect(at({ inputs: submit }, "environment.variables")).not.toHaveProperty("FAL_TEST_MODE");
  });

  test("IDENTITY=cognito makes an issuer, the console's client, and one for machines", async ({ expect }) => {
    const graph = await graphOf("t", { SST_SECRET_FalKey, IDENTITY: "cognito" });
    const issuer = "https://cognito-idp.us-east-1.amazonaws.com/Callers-id";
    const audiences = ["CallersConsole-id", "CallersMachine-id"];
    expect(graph.outputs["access"]).toBe(`Callers need a token of ${issuer}.`);
    const authorizer = resource(graph, "aws:apigatewayv2/authorizer:Authorizer").inputs;
    expect(authorizer).toMatchObject({ jwtConfiguration: { issuer, audiences } });
    const pool = resource(graph, "aws:cognito/userPool:UserPool").inputs;
    expect(pool).toMatchObject({ adminCreateUserConfig: { allowAdminCreateUserOnly: true } });
    const page = resource(graph, "aws:cognito/userPoolClient:UserPoolClient", "CallersConsole").inputs;
    expect(page).toMatchObject({ generateSecret: false, callbackUrls: [`${String(graph.outputs["api"])}/`] });
    const console = resource(graph, "aws:lambda/function:Function", "ServeConsoleFunction").inputs;
    expect(at({ inputs: console }, "environment.variables")).toMatchObject({
      AUTH: "jwt",
      JWT_ISSUER: issuer,
      JWT_AUDIENCE: audiences.join(),
      CONSOLE_CLIENT_ID: audiences[0],
      CONSOLE_SCOPES: "openid media/read media/write",
      JWT_WRITE_SCOPE: "media/write",
    });
  });

  test("a name of one's own for the API", async ({ expect }) => {
    const graph = await graphOf("t", { ...NEEDED_SETTINGS, DOMAIN: "media.example.com" });
    expect(graph.outputs["api"]).toBe("https://media.example.com");
    const submit = resource(graph, "aws:lambda/function:Function", "SubmitGenerationFunction").inputs;
    expect(submit).toMatchObject({ environment: { variables: { PUBLIC_URL: "https://media.example.com" } } });
  });
});

describe("`sst dev`", { timeout: 60_000 }, () => {
  const settings = { JWT_ISSUER, JWT_AUDIENCE };
  const functions = (graph: Awaited<ReturnType<typeof graphOf>>) =>
    ofType(graph, "aws:lambda/function:Function").map(({ inputs }) => at({ inputs }, "environment.variables"));

  test("is the development environment: in test mode, with its samples served and no key needed", async ({
    expect,
  }) => {
    const graph = await graphOf("ada", settings, { dev: true });
    const all = functions(graph);
    expect(all.length).toBeGreaterThan(20);
    for (const variables of all) expect(variables).toMatchObject({ NODE_ENV: "development", FAL_TEST_MODE: "on" });
    const routes = ofType(graph, "aws:apigatewayv2/route:Route").map(({ inputs }) => inputs["routeKey"]);
    expect(routes).toContain("GET /samples/{name}");
  });
});
