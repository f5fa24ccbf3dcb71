// The Lambda authorizer of an HTTP API (payload 2.0, simple response): says who the caller is; the functions judge what the caller may do.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
import middy from "@middy/core";
import * as z from "zod/mini";
import type { ApiKey } from "../access/api-key.ts";
import { keyOf, isKey, noteUse } from "../access/api-keys.ts";
import { setting } from "../environment.ts";
import { keyDeps } from "../services/api-keys.ts";
import { tokenVerifier } from "../services/token-verifier.ts";
import type { KeyContext, TokenContext } from "./caller.ts";
import { logsErrors, namesInvocation } from "./middlewares.ts";

/** The part of the gateway's request that we read: the values of its identity sources, of which we have one. */
const question = z.object({ identitySource: z.array(z.string()).check(z.minLength(1)) });

interface LetIn {
  isAuthorized: true;
  context: KeyContext | TokenContext;
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
      const bearer = header.replace(/^Bearer\s+/i, "");
      const { jwt, keys } = setting("AUTH");
      const context = keys && isKey(bearer) ? await withKey(bearer) : jwt ? await withToken(bearer) : undefined;
      if (!context) throw new Error(REFUSED);
      return { isAuthorized: true, context };
    });
}

async function withKey(bearer: string): Promise<KeyContext | undefined> {
  const key = await keyOf(keyDeps(), bearer);
  if (!key) return undefined;
  await noted(key);
  return {
    keyId: key.id,
    keyName: key.name,
    tenantId: key.tenantId,
    scopes: key.scopes.join(" "),
    ...(key.monthlyCapMills !== undefined && { monthlyCapMills: String(key.monthlyCapMills) }),
  };
}

/** A use that cannot be recorded refuses no caller. */
async function noted(key: ApiKey): Promise<void> {
  try {
    await noteUse(keyDeps(), key);
  } catch (error) {
    const { log } = await import("../services/log.ts");
    log().warn("the use of a key was not noted", { keyId: key.id, error: String(error) });
  }
}

async function withToken(token: string): Promise<TokenContext | undefined> {
  const claims = await (await tokenVerifier())(token);
  return claims && { claims: JSON.stringify(claims) };
}
