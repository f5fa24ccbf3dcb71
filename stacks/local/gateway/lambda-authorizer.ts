// The HTTP API's Lambda authorizer (payload 2.0, simple response): the same function that judges callers in the cloud.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
import * as z from "zod";
import { functionName } from "../../blueprint/functions.ts";
import { API_ID, ACCOUNT_ID, REGION } from "../aws/arns.ts";
import type { Functions } from "../aws/functions.ts";
import type { Authorize } from "./jwt-authorizer.ts";

const ANSWER = z.object({ isAuthorized: z.boolean(), context: z.record(z.string(), z.unknown()).optional() });

/** Asked at every request: what the cloud keeps for some seconds, this machine does not. */
export function createLambdaAuthorizer(functions: Pick<Functions, "invoke">, handler: string): Authorize {
  return async ({ authorization, event }) => {
    // "If a request lacks an identity source, API Gateway answers 401 without calling the authorizer" (as above).
    if (!authorization) return { refused: 401 };
    const { version, routeKey, rawPath, rawQueryString, cookies, headers, queryStringParameters, requestContext } =
      event;
    const { http } = requestContext;
    const outcome = await functions.invoke(functionName(handler), {
      version,
      type: "REQUEST",
      routeArn: `arn:aws:execute-api:${REGION}:${ACCOUNT_ID}:${API_ID}/$default/${http.method}${http.path}`,
      identitySource: [authorization],
      routeKey,
      rawPath,
      rawQueryString,
      cookies,
      headers,
      queryStringParameters,
      requestContext,
      pathParameters: event.pathParameters,
    });
    if (!outcome.ok) return { refused: outcome.error.errorMessage === "Unauthorized" ? 401 : 500 };
    const answer = ANSWER.safeParse(JSON.parse(outcome.payload)).data;
    if (!answer) return { refused: 500 };
    return answer.isAuthorized ? { authorizer: { lambda: answer.context ?? {} } } : { refused: 403 };
  };
}
