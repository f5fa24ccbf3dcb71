// Who shows this credential: a key of ours, or a token of the issuer. What it allows is judged elsewhere (caller.ts).
import type { MiddlewareObj } from "@middy/core";
import type { ApiKey } from "../access/api-key.ts";
import { keyOf, isKey, noteUse } from "../access/api-keys.ts";
import { isOpen, setting } from "../environment.ts";
import { DomainError } from "../kling/errors.ts";
import { keyDeps } from "../services/api-keys.ts";
import { tokenVerifier } from "../services/token-verifier.ts";
import { ISSUER_UNAVAILABLE, type KeyContext, type TokenContext, type UnjudgedContext } from "./caller.ts";
import type { HttpEvent } from "./http-event.ts";
import { RequestError } from "./http-errors.ts";

/**
 * Undefined for one that is wrong, has run out or was revoked, and where this deployment takes none of its kind (AUTH).
 * @param authorization the header: `Bearer km_...`
 */
export async function judgeCredential(
  authorization: string,
): Promise<KeyContext | TokenContext | UnjudgedContext | undefined> {
  const bearer = authorization.replace(/^Bearer\s+/i, "");
  const { jwt, keys } = setting("AUTH");
  if (keys && isKey(bearer)) return withKey(bearer);
  return jwt ? withToken(bearer) : undefined;
}

/**
 * For routes whose function judges its callers itself, because foreign clients want a refusal in a shape that API Gateway
 * cannot give: a body of theirs, or WWW-Authenticate. @throws RequestError 401
 */
export const judgesCaller: MiddlewareObj<HttpEvent> = {
  before: async ({ event: { headers, requestContext } }) => {
    // An event that names its caller was judged by the gateway: a request cannot write that part of it.
    if (isOpen() || requestContext.authorizer !== undefined) return;
    const context =
      headers["authorization"] === undefined ? undefined : await judgeCredential(headers["authorization"]);
    if (!context) {
      throw new RequestError(
        401,
        "unauthorized",
        "Sign in first: this needs a valid key or token, as Authorization: Bearer <key>.",
      );
    }
    requestContext.authorizer = { lambda: { ...context } };
  },
};

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

/**
 * Where the issuer does not answer, the gateway would make a bare 500 of a failure of ours: the request goes on without an
 * identity, which no function takes for a caller, and the function answers 503 in words.
 */
async function withToken(token: string): Promise<TokenContext | UnjudgedContext | undefined> {
  try {
    const claims = await (await tokenVerifier())(token);
    return claims && { claims: JSON.stringify(claims) };
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== ISSUER_UNAVAILABLE) throw error;
    const { log } = await import("../services/log.ts");
    log().warn("a token could not be judged", { code: error.code, error: error.message });
    return { unjudged: ISSUER_UNAVAILABLE };
  }
}
