// An issuer of tokens: its published keys, and every token that a caller might come with.
import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";

export const AUDIENCE = "media-api";

export interface TokenIssuer {
  issuer: string;
  jwksUrl: string;
  /** A right token with these claims, unless they say otherwise. */
  token(claims: Record<string, unknown>): Promise<string>;
  /** Tokens with the same claims that must be refused, by what is wrong with them. */
  wrongTokens(claims: Record<string, unknown>): Promise<Record<string, string>>;
  close(): void;
}

export async function startTokenIssuer(): Promise<TokenIssuer> {
  const { publicKey, privateKey } = await generateKeyPair("RS256");
  const stranger = await generateKeyPair("RS256");
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "one", alg: "RS256" }] });
  const server = createServer((_request, response) => response.end(jwks));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The issuer has no port.");
  const issuer = `http://127.0.0.1:${address.port}`;

  const now = () => Math.floor(Date.now() / 1000);
  const right = () => ({ iss: issuer, aud: AUDIENCE, exp: now() + 300 });
  const sign = (claims: Record<string, unknown>, key = privateKey) =>
    new SignJWT({ ...right(), ...claims }).setProtectedHeader({ alg: "RS256", kid: "one" }).sign(key);

  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    token: (claims) => sign(claims),
    async wrongTokens(claims) {
      const [head = "", , signature = ""] = (await sign(claims)).split(".");
      const other = Buffer.from(JSON.stringify({ ...right(), ...claims, tenant: "somebody" })).toString("base64url");
      // The public key as a shared secret: what RS256 confused with HS256 would take.
      const confused = await new SignJWT({ ...right(), ...claims })
        .setProtectedHeader({ alg: "HS256", kid: "one" })
        .sign(Buffer.from(jwks));
      return {
        expired: await sign({ ...claims, exp: now() - 60 }),
        "not valid yet": await sign({ ...claims, nbf: now() + 600 }),
        "without an end": await sign({ ...claims, exp: undefined }),
        "for another audience": await sign({ ...claims, aud: "elsewhere" }),
        "for nobody": await sign({ ...claims, aud: undefined }),
        "of another issuer": await sign({ ...claims, iss: "https://evil.example" }),
        "alg none": new UnsecuredJWT({ ...right(), ...claims }).encode(),
        "of a stranger's key": await sign(claims, stranger.privateKey),
        "signed with the public key": confused,
        "with other claims than were signed": `${head}.${other}.${signature}`,
        "that is none": "hello",
      };
    },
    close: () => void server.close().closeAllConnections(),
  };
}
