// Bearer tokens of an OpenID provider: the claims of one that is signed, current and meant for us, by the rules of API Gateway's own JWT authorizer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload } from "jose";
import * as z from "zod/mini";
import { DomainError } from "../kling/errors.ts";
import { boundedText } from "./bounded-answer.ts";

export interface TokenVerifierOptions {
  /** With or without its slash at the end: providers write it either way. */
  issuer: string;
  audience: readonly string[];
  /** Where the issuer's keys are; undefined: as its discovery document says. */
  jwksUrl: string | undefined;
}

/** Undefined: not one of ours. @throws IssuerUnavailableError */
export type VerifyToken = (token: string) => Promise<Record<string, string> | undefined>;

/** The issuer's keys could not be read: a right token cannot be told from a wrong one. */
export class IssuerUnavailableError extends DomainError {
  override readonly name = "IssuerUnavailableError";
  readonly code = "issuer_unavailable";
}

/** "Currently, only RSA-based algorithms are supported" (as above). A verifier must not be able to sign. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
/** For the discovery document, and for the keys. */
const TIMEOUT_MS = 4_000;
/** OpenID Connect Discovery 1.0, section 3. */
const discovery = z.object({ jwks_uri: z.url() });
/** The errors of jose for keys that it could not fetch (jose 6: src/util/errors.ts). */
const OF_THE_ISSUER = ["ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID", "ERR_JOSE_GENERIC"];

/** Keeps the issuer's keys for ten minutes, and asks anew for one that it does not know, at most every 30 s. */
export function createTokenVerifier({ issuer, audience, jwksUrl }: TokenVerifierOptions): VerifyToken {
  const bare = issuer.replace(/\/+$/, "");
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;
  const issuersKeys = async () => {
    keys ??= createRemoteJWKSet(new URL(jwksUrl ?? (await discoverKeys(bare))), { timeoutDuration: TIMEOUT_MS });
    return keys;
  };

  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, await issuersKeys(), {
        issuer: [bare, `${bare}/`],
        algorithms: ALGORITHMS,
        requiredClaims: ["exp"],
      });
      return isMeantFor(audience, payload) ? textsOf(payload) : undefined;
    } catch (error) {
      if (isOfTheIssuer(error))
        throw new IssuerUnavailableError(`The keys of ${bare} could not be read: ${String(error)}`);
      return undefined;
    }
  };
}

async function discoverKeys(issuer: string): Promise<string> {
  const url = `${issuer}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return discovery.parse(JSON.parse(await boundedText(response))).jwks_uri;
  } catch (error) {
    throw new IssuerUnavailableError(`${url} could not be read: ${String(error)}`);
  }
}

/** jose has its own error class for every fault of a token. */
function isOfTheIssuer(error: unknown): boolean {
  return !(error instanceof errors.JOSEError) || OF_THE_ISSUER.includes(error.code);
}

/** "client_id must match only if aud is not present" (as above): so are the access tokens of Amazon Cognito. */
function isMeantFor(audience: readonly string[], payload: JWTPayload): boolean {
  const meantFor = [payload.aud ?? payload["client_id"]].flat();
  return meantFor.some((name) => typeof name === "string" && audience.includes(name));
}

/** API Gateway hands every claim over as a text, a list as `[one two]`. */
function textsOf(payload: JWTPayload): Record<string, string> {
  const textOf = (claim: unknown): string => {
    if (typeof claim === "string") return claim;
    if (Array.isArray(claim)) return `[${claim.map(textOf).join(" ")}]`;
    return JSON.stringify(claim) ?? "";
  };
  return Object.fromEntries(Object.entries(payload).map(([name, claim]) => [name, textOf(claim)]));
}
