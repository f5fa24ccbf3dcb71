// The callers' tokens, where keys are taken beside them; elsewhere API Gateway's own authorizer judges them.
import type { VerifyToken } from "../adapters/token-verifier.ts";
import { EnvironmentError, setting } from "../environment.ts";
import { lazy } from "./lazy.ts";

/** Read with the first token: a caller with a key does not wait for it. */
export const tokenVerifier = lazy(async (): Promise<VerifyToken> => {
  const [issuer, audience = ""] = [setting("JWT_ISSUER"), setting("JWT_AUDIENCE")];
  if (issuer === undefined) throw new EnvironmentError("JWT_ISSUER is missing.");
  const { createTokenVerifier } = await import("../adapters/token-verifier.ts");
  return createTokenVerifier({
    issuer,
    audience: audience.split(",").map((name) => name.trim()),
    jwksUrl: setting("JWT_JWKS_URL"),
  });
});
