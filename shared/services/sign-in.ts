// Where people sign in to the console: the issuer of the callers' tokens, as its own discovery document says.
import * as z from "zod/mini";
import { boundedText } from "../adapters/bounded-answer.ts";
import { setting } from "../environment.ts";
import { DomainError } from "../kling/errors.ts";

/** What a page needs for the authorization code flow with PKCE. Nothing of it is secret. */
export interface SignIn {
  issuer: string;
  clientId: string;
  scopes: string;
  audience: string | undefined;
  authorizationEndpoint: string;
  tokenEndpoint: string;
}

/** OpenID Connect Discovery 1.0, section 4.2. */
const discovery = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
});

const DISCOVERY_TIMEOUT_MS = 5_000;
let known: SignIn | undefined;

/** The issuer could not be asked just now. */
export class SignInUnavailableError extends DomainError {
  override readonly name = "SignInUnavailableError";
  readonly code = "sign_in_unavailable";
  constructor(url: string, cause: unknown) {
    super(`Signing in is not possible just now: ${url} could not be read (${String(cause)}). Try again in a minute.`);
  }
}

/**
 * Undefined where no sign-in is needed, or where no client is registered for the console.
 * @throws SignInUnavailableError when the issuer's document cannot be read
 */
export async function signIn(): Promise<SignIn | undefined> {
  const [provider, clientId] = [setting("JWT_ISSUER"), setting("CONSOLE_CLIENT_ID")];
  if (!setting("AUTH").jwt || provider === undefined || clientId === undefined) return undefined;
  if (known) return known;
  const url = `${provider}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
    const { issuer, authorization_endpoint, token_endpoint } = discovery.parse(JSON.parse(await boundedText(response)));
    return (known = {
      issuer,
      clientId,
      scopes: setting("CONSOLE_SCOPES"),
      audience: setting("JWT_AUDIENCE")?.split(",")[0]?.trim(),
      authorizationEndpoint: authorization_endpoint,
      tokenEndpoint: token_endpoint,
    });
  } catch (error) {
    throw new SignInUnavailableError(url, error);
  }
}
