// The HTTP API's JWT authorizer: claims of a token that is signed, current and meant for us, or nothing.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
import { createRemoteJWKSet, jwtVerify } from "jose";

export interface JwtSettings {
  issuer: string;
  audience: string[];
  jwksUrl: string;
}

/** Undefined: the caller is not let in. */
export type Authorize = (authorization: string | undefined) => Promise<Record<string, string> | undefined>;

/** "Currently, only RSA-based algorithms are supported" (as above). Whoever can verify must not be able to sign. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

export function createJwtAuthorizer({ issuer, audience, jwksUrl }: JwtSettings): Authorize {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return async (authorization) => {
    const token = authorization?.replace(/^Bearer\s+/i, "");
    if (!token) return undefined;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp"],
      });
      // "client_id must match only if aud is not present" (as above): so are the access tokens of Amazon Cognito.
      const meantFor = [payload.aud ?? payload["client_id"]].flat();
      if (!meantFor.some((name) => typeof name === "string" && audience.includes(name))) return undefined;
      return Object.fromEntries(Object.entries(payload).map(([name, claim]) => [name, textOf(claim)]));
    } catch {
      return undefined;
    }
  };
}

/** API Gateway hands every claim over as a text, a list as `[one two]`. */
function textOf(claim: unknown): string {
  if (typeof claim === "string") return claim;
  if (Array.isArray(claim)) return `[${claim.map(textOf).join(" ")}]`;
  return JSON.stringify(claim) ?? "";
}
