// The user of the console: anonymous, or signed in with the issuer of the callers' tokens.
import * as oauth from "oauth4webapi";
import type { Connection } from "../../../shared/client/request.ts";

export interface Session {
  connection: Connection;
  /** Where people sign in, and are signed in now. */
  signOut?: () => void;
}

/** For the person who tried to sign in. */
export class SignInError extends Error {
  override readonly name = "SignInError";
}

/** As `shared/services/sign-in.ts` puts it into the page. */
interface Provider {
  issuer: string;
  clientId: string;
  scopes: string;
  audience?: string;
  authorizationEndpoint: string;
  tokenEndpoint: string;
}

/** What must outlive the way to the issuer and back. */
interface Attempt {
  verifier: string;
  state: string;
  returnTo: string;
}

interface Tokens {
  accessToken: string;
  /** Epoch milliseconds. */
  expiresAt: number;
}

const ATTEMPT = "sign-in-attempt";
const TOKENS = "sign-in-tokens";
/** A token that expires this soon counts as expired. */
const MARGIN_MS = 30_000;

/**
 * The session, or a way to the issuer: then this never returns. Tokens stay in this tab.
 * @throws SignInError
 */
export async function openSession(): Promise<Session> {
  const provider = readProvider();
  if (!provider) return { connection: {} };
  const url = new URL(location.href);
  if (url.searchParams.has("state") && (url.searchParams.has("code") || url.searchParams.has("error"))) {
    await finish(provider, url);
  }
  if (!currentTokens()) await begin(provider);
  return {
    connection: {
      token: async () => {
        const tokens = currentTokens();
        if (!tokens) await begin(provider);
        return tokens?.accessToken;
      },
    },
    signOut: () => {
      sessionStorage.removeItem(TOKENS);
      location.assign("/");
    },
  };
}

function readProvider(): Provider | undefined {
  const content = document.querySelector<HTMLMetaElement>('meta[name="sign-in"]')?.content ?? "null";
  return (JSON.parse(content) as Provider | null) ?? undefined;
}

function currentTokens(): Tokens | undefined {
  const kept = sessionStorage.getItem(TOKENS);
  const tokens = kept === null ? undefined : (JSON.parse(kept) as Tokens);
  return tokens && tokens.expiresAt - MARGIN_MS > Date.now() ? tokens : undefined;
}

/** Where the issuer sends people back to: registered there as it stands. */
const redirectUri = () => `${location.origin}/`;

/** RFC 7636 and RFC 9700: authorization code, PKCE, no secret in the page. Leaves the page. */
async function begin(provider: Provider): Promise<never> {
  const [verifier, state] = [oauth.generateRandomCodeVerifier(), oauth.generateRandomState()];
  const attempt: Attempt = { verifier, state, returnTo: location.search };
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  const url = new URL(provider.authorizationEndpoint);
  const query = {
    response_type: "code",
    client_id: provider.clientId,
    redirect_uri: redirectUri(),
    scope: provider.scopes,
    ...(provider.audience !== undefined && { audience: provider.audience }),
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  location.assign(url);
  return new Promise(() => {});
}

async function finish(provider: Provider, url: URL): Promise<void> {
  const kept = sessionStorage.getItem(ATTEMPT);
  // This tab began no sign-in: a link that a stranger sent has no effect.
  if (kept === null) return history.replaceState(null, "", "/");
  sessionStorage.removeItem(ATTEMPT);
  const { verifier, state, returnTo } = JSON.parse(kept) as Attempt;
  const server: oauth.AuthorizationServer = {
    issuer: provider.issuer,
    authorization_endpoint: provider.authorizationEndpoint,
    token_endpoint: provider.tokenEndpoint,
  };
  const client: oauth.Client = { client_id: provider.clientId };
  // The local machine may have an issuer without TLS.
  const insecure = new URL(provider.tokenEndpoint).protocol === "http:";
  try {
    const parameters = oauth.validateAuthResponse(server, client, url, state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      oauth.None(),
      parameters,
      redirectUri(),
      verifier,
      { [oauth.allowInsecureRequests]: insecure },
    );
    const { access_token, expires_in = 300 } = await oauth.processAuthorizationCodeResponse(server, client, response);
    const tokens: Tokens = { accessToken: access_token, expiresAt: Date.now() + expires_in * 1000 };
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  } catch (error) {
    throw new SignInError(error instanceof Error ? error.message : String(error));
  }
  history.replaceState(null, "", `/${returnTo}`);
}
