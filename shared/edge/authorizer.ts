// The Lambda authorizer of an HTTP API (payload 2.0, simple response): says who the caller is; the functions judge what the caller may do.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
import middy from "@middy/core";
import * as z from "zod/mini";
import type { KeyContext, TokenContext, UnjudgedContext } from "./caller.ts";
import { judgeCredential } from "./credential.ts";
import { logsErrors, namesInvocation } from "./middlewares.ts";

/** The part of the gateway's request that we read: the values of its identity sources, of which we have one. */
const question = z.object({ identitySource: z.array(z.string()).check(z.minLength(1)) });

interface LetIn {
  isAuthorized: true;
  context: KeyContext | TokenContext | UnjudgedContext;
}

/**
 * API Gateway answers 401 when an authorizer fails with exactly this message, 403 to `isAuthorized: false`, and 500 to
 * any other failure (AWS: "Use API Gateway Lambda authorizers"). A wrong key is answered like a wrong token: 401.
 */
const REFUSED = "Unauthorized";

export function authorizer() {
  return middy<unknown, LetIn>()
    .use(namesInvocation)
    .use(logsErrors("a caller could not be judged", { isExpected: ({ message }) => message === REFUSED }))
    .handler(async (event) => {
      const [header = ""] = question.parse(event).identitySource;
      const context = await judgeCredential(header);
      if (!context) throw new Error(REFUSED);
      return { isAuthorized: true, context };
    });
}
