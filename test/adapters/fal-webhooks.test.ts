// Whether a call was made by fal: by the address that we gave out, the time, and a signature by one of fal's keys.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFalSignature } from "../../shared/adapters/fal-signature.ts";
import { readWebhookToken, webhookPath } from "../../shared/adapters/webhook-address.ts";
import { ProviderUnavailableError, WebhookRefusedError } from "../../shared/media/errors.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { webhookBody, WebhookSigner } from "../support/signed-webhooks.ts";

const HOUR = 3600;
const body = webhookBody("r1");
const raw = Buffer.from(body);

let clock: ManualClock;
let fal: WebhookSigner;
let keysAnswer: () => Response | Promise<Response>;
let fetches: number;
beforeEach(() => {
  clock = new ManualClock();
  fal = new WebhookSigner();
  keysAnswer = () => Response.json(fal.jwks());
  fetches = 0;
  vi.stubGlobal("fetch", async (url: string) => {
    expect(url).toBe("https://fal.example/jwks.json");
    fetches++;
    return keysAnswer();
  });
});
afterEach(() => vi.unstubAllGlobals());

const signature = () => createFalSignature({ jwksUrl: "https://fal.example/jwks.json", clock });
const headers = (secondsAgo = 0) => fal.headers(body, clock.now() - secondsAgo * 1000);

describe("a signature", () => {
  it("of fal's is accepted, and the keys are asked for once a day", async () => {
    const proof = signature();
    for (let time = 0; time < 3; time++) await proof.verify(headers(), raw);
    clock.advance(23 * HOUR);
    await proof.verify(headers(), raw);
    expect(fetches).toBe(1);
    clock.advance(HOUR);
    await proof.verify(headers(), raw);
    expect(fetches).toBe(2);
  });

  it.each([299, -299])("made %i s ago is accepted: clocks differ", async (seconds) => {
    await expect(signature().verify(headers(seconds), raw)).resolves.toBeUndefined();
  });

  it.each([301, -301, 7200])("made %i s ago is refused, without asking for keys", async (seconds) => {
    await expect(signature().verify(headers(seconds), raw)).rejects.toBeInstanceOf(WebhookRefusedError);
    expect(fetches).toBe(0);
  });

  it("over another body is refused, be it one space more", async () => {
    await expect(signature().verify(headers(), Buffer.from(`${body} `))).rejects.toBeInstanceOf(WebhookRefusedError);
  });

  it.each(["request-id", "user-id", "timestamp", "signature"])("without its %s is refused", async (name) => {
    const given = { ...headers(), [`x-fal-webhook-${name}`]: undefined };
    await expect(signature().verify(given, raw)).rejects.toBeInstanceOf(WebhookRefusedError);
  });

  it.each(["request-id", "user-id"])("whose %s was exchanged is refused", async (name) => {
    const given = { ...headers(), [`x-fal-webhook-${name}`]: "another" };
    await expect(signature().verify(given, raw)).rejects.toBeInstanceOf(WebhookRefusedError);
  });

  it("by a stranger's key is refused, and does not make us ask fal each time", async () => {
    const proof = signature();
    await proof.verify(headers(), raw);
    const forged = new WebhookSigner().headers(body, clock.now());
    for (let time = 0; time < 20; time++) {
      await expect(proof.verify(forged, raw)).rejects.toBeInstanceOf(WebhookRefusedError);
    }
    expect(fetches).toBe(1);
    clock.advance(30);
    await expect(proof.verify(new WebhookSigner().headers(body, clock.now()), raw)).rejects.toThrow();
    expect(fetches).toBe(2);
  });

  it("by a key that is new is accepted, and so is one by the key before it", async () => {
    const proof = signature();
    const before = headers();
    await proof.verify(before, raw);
    clock.advance(30);
    fal.rotate();
    await proof.verify(headers(), raw);
    await proof.verify(before, raw);
    expect(fetches).toBe(2);
  });

  it("by a key that fal has withdrawn is refused once we have heard of it", async () => {
    const proof = signature();
    const withdrawn = headers();
    await proof.verify(withdrawn, raw);
    clock.advance(30);
    fal.rotate({ forget: true });
    await proof.verify(headers(), raw);
    await expect(proof.verify(withdrawn, raw)).rejects.toBeInstanceOf(WebhookRefusedError);
  });

  it("by a key of another kind among fal's is no hindrance", async () => {
    keysAnswer = () => Response.json({ keys: [{ kty: "RSA", n: "AQAB", e: "AQAB" }, ...fal.jwks().keys] });
    await expect(signature().verify(headers(), raw)).resolves.toBeUndefined();
  });

  it.each([
    ["are down", () => Promise.reject(new TypeError("fetch failed"))],
    ["answer an error", () => new Response("no", { status: 500 })],
    ["answer a page", () => new Response("<html>")],
    ["redirect", () => new Response(null, { status: 302, headers: { location: "https://evil.example" } })],
  ])("cannot be told while fal's keys %s: fal shall come again", async (_, answer) => {
    keysAnswer = answer;
    await expect(signature().verify(headers(), raw)).rejects.toBeInstanceOf(ProviderUnavailableError);
  });

  it("by a known key is accepted while fal's keys are down", async () => {
    const proof = signature();
    await proof.verify(headers(), raw);
    keysAnswer = () => Promise.reject(new TypeError("fetch failed"));
    clock.advance(HOUR);
    await expect(proof.verify(headers(), raw)).resolves.toBeUndefined();
  });
});

describe("an address", () => {
  const claim = { tenantId: "acme|42", spaceId: "strand", mediaId: "m-1", attempt: 2 };
  const token = (path: string) => path.replace("/webhooks/fal/", "");

  it("leads back to its claim, and fits into one segment of a path", () => {
    const path = webhookPath("secret", claim);
    expect(path).toMatch(/^\/webhooks\/fal\/[\w.-]+$/);
    expect(readWebhookToken("secret", token(path))).toEqual(claim);
  });

  it.each([
    ["of another secret", token(webhookPath("other", claim))],
    ["without its proof", token(webhookPath("secret", claim)).replace(/\..*$/, "")],
    ["with a shorter proof", token(webhookPath("secret", claim)).slice(0, -4)],
    ["with another claim's proof", forged()],
    ["that says nothing", ""],
  ])("%s is refused", (_, given) => {
    expect(() => readWebhookToken("secret", given)).toThrow(WebhookRefusedError);
  });

  function forged(): string {
    const [, proof] = token(webhookPath("secret", { tenantId: "a", spaceId: "b", mediaId: "c", attempt: 1 })).split(
      ".",
    );
    const other = Buffer.from(JSON.stringify(["b", "b", "c", 1])).toString("base64url");
    return `${other}.${proof}`;
  }
});
