// The HTTP API's own JWT authorizer: the claims of a token that is signed, current and meant for us go to the function.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
import { createTokenVerifier, type TokenVerifierOptions } from "../../../shared/adapters/token-verifier.ts";
import type { GatewayEvent, RequestAuthorizer } from "./http-payload.ts";

export type JwtSettings = TokenVerifierOptions & { jwksUrl: string };

/** What a request is judged by. */
export interface AuthorizeRequest {
  authorization: string | undefined;
  /** What the function would be given, without its body. */
  event: GatewayEvent;
}

/** What the function finds in its request context, or the status of a refusal. */
export type Verdict = { authorizer: RequestAuthorizer } | { refused: 401 | 403 | 500 };
export type Authorize = (request: AuthorizeRequest) => Promise<Verdict>;

export function createJwtAuthorizer(settings: JwtSettings): Authorize {
  const verify = createTokenVerifier(settings);
  return async ({ authorization }) => {
    const token = authorization?.replace(/^Bearer\s+/i, "");
    // Where the issuer does not answer, API Gateway refuses every caller too.
    const claims = token ? await verify(token).catch(() => undefined) : undefined;
    return claims ? { authorizer: { jwt: { claims, scopes: null } } } : { refused: 401 };
  };
}
