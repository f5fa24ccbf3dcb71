// The gateway's question to our authorizer, and what it makes of the answer, as AWS documents both for HTTP APIs.
import { describe, expect, test } from "vitest";
import type { Outcome } from "../../../stacks/local/aws/functions.ts";
import type { AuthorizeRequest } from "../../../stacks/local/gateway/jwt-authorizer.ts";
import { createLambdaAuthorizer } from "../../../stacks/local/gateway/lambda-authorizer.ts";

const event = {
  version: "2.0",
  routeKey: "GET /my/{thing}",
  rawPath: "/my/path",
  rawQueryString: "a=b",
  headers: { authorization: "Bearer key" },
  queryStringParameters: { a: "b" },
  pathParameters: { thing: "path" },
  requestContext: { http: { method: "GET", path: "/my/path" } },
  isBase64Encoded: false,
} as unknown as AuthorizeRequest["event"];

async function ask(outcome: Outcome, authorization: string | undefined = "Bearer key") {
  const asked: [string, unknown][] = [];
  const invoke = async (name: string, question: unknown) => {
    asked.push([name, question]);
    return outcome;
  };
  const authorize = createLambdaAuthorizer({ invoke }, "functions/api/authorize-caller.handler");
  return { verdict: await authorize({ authorization, event }), asked };
}
const answered = (answer: unknown): Outcome => ({ ok: true, payload: JSON.stringify(answer) });
const failed = (errorMessage: string): Outcome => ({
  ok: false,
  error: { errorType: "Error", errorMessage, trace: [] },
});

test("the function is asked in payload 2.0, with the header as its identity source", async () => {
  const { asked } = await ask(answered({ isAuthorized: true }));
  expect(asked).toEqual([
    [
      "authorize-caller",
      expect.objectContaining({
        version: "2.0",
        type: "REQUEST",
        identitySource: ["Bearer key"],
        routeKey: "GET /my/{thing}",
        routeArn: "arn:aws:execute-api:us-east-1:000000000000:local/$default/GET/my/path",
      }),
    ],
  ]);
});

test("what it says of the caller is where functions find it", async () => {
  const { verdict } = await ask(answered({ isAuthorized: true, context: { tenantId: "acme" } }));
  expect(verdict).toEqual({ authorizer: { lambda: { tenantId: "acme" } } });
});

test("a request without the header is a 401, and the authorizer is not called", async () => {
  expect(await ask(answered({ isAuthorized: true }), "")).toEqual({ verdict: { refused: 401 }, asked: [] });
});

describe("refused", () => {
  test.each<[string, Outcome, number]>([
    ['with 401, when it fails with "Unauthorized"', failed("Unauthorized"), 401],
    ["with 403, when it says so", answered({ isAuthorized: false }), 403],
    ["with 500, when it fails otherwise", failed("The table does not answer."), 500],
    ["with 500, when it answers what is no answer", answered({ isAllowed: true }), 500],
  ])("%s", async (_why, outcome, status) => {
    expect((await ask(outcome)).verdict).toEqual({ refused: status });
  });
});
