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

/** Whoever holds the public key must not be able to sign, so no shared secrets. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

export function createJwtAuthorizer({ issuer, audience, jwksUrl }: JwtSettings): Authorize {
  const keys = createRemoteJWKSet(new URL(jwksUrl));
  return async (authorization) => {
    const token = authorization?.replace(/^Bearer\s+/i, "");
    if (!token) return undefined;
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ["exp"],
      });
      // API Gateway hands every claim over as a string.
      return Object.fromEntries(
        Object.entries(payload).map(([name, claim]) => [
          name,
          typeof claim === "string" ? claim : (JSON.stringify(claim) ?? ""),
        ]),
      );
    } catch {
      return undefined;
    }
  };
}
