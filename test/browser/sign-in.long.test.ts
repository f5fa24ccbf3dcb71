// Signing in to the console: authorization code with PKCE against an issuer, and tokens that the API really checks.
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BROWSER, launch, openPage } from "./browser.ts";
import { startServer, type Server } from "./server.ts";

const CLIENT_ID = "console";
const AUDIENCE = "media-api";

/** An OpenID provider that signs every user in as Ada, and enforces PKCE. */
async function startIssuer() {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const jwk = { ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" };
  const challenges = new Map<string, string>();
  const asked: URLSearchParams[] = [];

  const server = createServer((request, response) => void answer(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The issuer has no port.");
  const issuer = `http://127.0.0.1:${address.port}`;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", issuer);
    const json = (status: number, body: object) =>
      response
        .writeHead(status, { "content-type": "application/json", "access-control-allow-origin": "*" })
        .end(JSON.stringify(body));
    if (pathname === "/.well-known/openid-configuration") {
      json(200, { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` });
    } else if (pathname === "/jwks") json(200, { keys: [jwk] });
    else if (pathname === "/authorize") {
      asked.push(searchParams);
      const code = randomUUID();
      challenges.set(code, searchParams.get("code_challenge") ?? "");
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.search = new URLSearchParams({ code, state: searchParams.get("state") ?? "" }).toString();
      response.writeHead(302, { location: back.href }).end();
    } else if (pathname === "/token") {
      const form = new URLSearchParams(await text(request));
      const verified = createHash("sha256")
        .update(form.get("code_verifier") ?? "")
        .digest("base64url");
      if (challenges.get(form.get("code") ?? "") !== verified) return void json(400, { error: "invalid_grant" });
      const token = await new SignJWT({ tenant: "acme" })
        .setProtectedHeader({ alg: "RS256", kid: "one" })
        .setIssuer(issuer)
        .setAudience(AUDIENCE)
        .setSubject("ada")
        .setExpirationTime("5 minutes")
        .sign(privateKey);
      json(200, { access_token: token, token_type: "Bearer", expires_in: 300 });
    } else json(404, {});
  }
  return { issuer, asked, close: () => void server.close().closeAllConnections() };
}

describe.skipIf(BROWSER === undefined)("signing in", () => {
  let issuer: Awaited<ReturnType<typeof startIssuer>>;
  let server: Server;
  let browser: Browser;
  beforeAll(async () => {
    issuer = await startIssuer();
    const settings = {
      AUTH: "jwt",
      JWT_ISSUER: issuer.issuer,
      JWT_AUDIENCE: AUDIENCE,
      JWT_JWKS_URL: `${issuer.issuer}/jwks`,
      CONSOLE_CLIENT_ID: CLIENT_ID,
    };
    [server, browser] = await Promise.all([startServer(settings), launch()]);
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    await server.close();
    issuer.close();
  });

  it("leads to the issuer and back, and what is done then is done as the user who signed in", async () => {
    expect((await fetch(`${server.url}/api/spaces/holiday/media`)).status).toBe(401);
    const { page, errors, close } = await openPage(browser);
    await page.goto(`${server.url}/?space=holiday`);
    await page.getByText("Nothing here yet.").waitFor();
    expect(new URL(page.url()).search).toBe("?space=holiday");
    expect(Object.fromEntries(issuer.asked[0] ?? [])).toMatchObject({
      response_type: "code",
      client_id: CLIENT_ID,
      redirect_uri: `${server.url}/`,
      scope: "openid",
      code_challenge_method: "S256",
    });

    await page.getByLabel("A link to a picture").fill(`${server.url}/samples/photo.jpg`);
    await page.getByLabel("Describe what should happen").fill("Signed in");
    await page.getByRole("button", { name: /^Animate/ }).click();
    await page.getByRole("listitem").filter({ hasText: "Signed in" }).getByText("Ready").waitFor();

    await page.reload();
    await page.getByText("Signed in", { exact: true }).waitFor();
    expect(issuer.asked).toHaveLength(1);
    expect(errors).toEqual([]);
    await close();
  });

  it("that was not begun here is not finished here", async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${server.url}/?code=stolen&state=guessed`);
    await page.getByRole("heading", { name: "Your videos" }).waitFor();
    // It began anew instead: the issuer was asked with a state of our own.
    expect(issuer.asked.at(-1)?.get("state")).not.toBe("guessed");
    await close();
  });
});
