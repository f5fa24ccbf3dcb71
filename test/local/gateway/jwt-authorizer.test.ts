// Who is let in: only tokens that are signed by the issuer's key, current, and meant for this API.
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, test } from "vitest";
import { createJwtAuthorizer, type AuthorizeRequest } from "../../../stacks/local/gateway/jwt-authorizer.ts";
import { serve } from "../local-server.ts";

const ISSUER = "https://issuer.example.com/";
const { publicKey, privateKey } = await generateKeyPair("RS256");
const stranger = await generateKeyPair("RS256");
const JWKS = { keys: [{ ...(await exportJWK(publicKey)), kid: "k", alg: "RS256" }] };

/** The gateway's own looks at the header alone. */
const NO_EVENT = {} as AuthorizeRequest["event"];

interface Claims {
  issuer?: string;
  audience?: string;
  expires?: string;
  key?: typeof privateKey;
}

async function token({ issuer = ISSUER, audience = "api", expires = "1h", key = privateKey }: Claims = {}) {
  return new SignJWT({ tenant: "acme", roles: ["admin"] })
    .setProtectedHeader({ alg: "RS256", kid: "k" })
    .setSubject("ann")
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime(expires)
    .sign(key);
}

async function authorizer() {
  const jwksUrl = await serve((_request, response) => response.end(JSON.stringify(JWKS)));
  const authorize = createJwtAuthorizer({ issuer: ISSUER, audience: ["api", "other-api"], jwksUrl });
  return (authorization: string | undefined) => authorize({ authorization, event: NO_EVENT });
}

test("a valid token's claims arrive, each as a string", async () => {
  const authorize = await authorizer();
  expect(await authorize(`Bearer ${await token()}`)).toMatchObject({
    authorizer: { jwt: { claims: { sub: "ann", tenant: "acme", roles: "[admin]" }, scopes: null } },
  });
});

describe("turned away", () => {
  const unsigned = new UnsecuredJWT({}).setIssuer(ISSUER).setAudience("api").setExpirationTime("1h").encode();

  test.each([
    ["no token", async () => undefined],
    ["no JWT", async () => "Bearer hello"],
    ["an unsigned token", async () => `Bearer ${unsigned}`],
    ["another's key", async () => `Bearer ${await token({ key: stranger.privateKey })}`],
    ["another issuer", async () => `Bearer ${await token({ issuer: "https://evil.example.com/" })}`],
    ["another audience", async () => `Bearer ${await token({ audience: "elsewhere" })}`],
    ["yesterday's token", async () => `Bearer ${await token({ expires: "-1d" })}`],
  ])("%s", async (_case, header) => {
    const authorize = await authorizer();
    expect(await authorize(await header())).toEqual({ refused: 401 });
  });
});
