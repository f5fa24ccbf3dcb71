// Who consumes our webhooks checks them with this; the other side is the library of Standard Webhooks itself.
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { signWebhook, verifyWebhook } from "../../shared/client/webhooks.ts";
import { testMessage } from "../../shared/webhooks/message.ts";
import { instant } from "../../shared/media/instant.ts";

const NOW = Date.parse("2026-11-22T12:00:00Z");
const secretOf = (letter: string) => `whsec_${Buffer.from(letter.repeat(32)).toString("base64")}`;
const [SECRET, OTHER] = [secretOf("a"), secretOf("b")];
const { id, body } = testMessage("w-1", instant(NOW));

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

function headersOf(...secrets: string[]): Record<string, string> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, new Date(NOW), body));
  return {
    "webhook-id": id,
    "webhook-timestamp": String(NOW / 1000),
    "webhook-signature": signatures.join(" "),
  };
}
const refusal = (code: string): unknown => expect.objectContaining({ name: "WebhookError", code });

describe("a message", () => {
  it.each([
    ["Node's and Lambda's headers", headersOf(SECRET)],
    ["fetch's headers", new Headers(headersOf(SECRET))],
    [
      "an old proxy's headers",
      Object.fromEntries(Object.entries(headersOf(SECRET)).map(([name, value]) => [name.toUpperCase(), [value]])),
    ],
  ])("of the secret's owner is handed over, with %s", async (_, headers) => {
    expect(await verifyWebhook(SECRET, headers, body)).toEqual({
      type: "webhook.test",
      timestamp: "2026-11-22T12:00:00.000Z",
      data: { webhookId: "w-1" },
    });
  });

  it.each([
    ["a text", body],
    ["a Buffer", Buffer.from(body)],
    ["bytes", new TextEncoder().encode(body)],
    ["an ArrayBuffer", new TextEncoder().encode(body).buffer],
  ])("is read as %s", async (_, raw) => {
    expect(await verifyWebhook(SECRET, headersOf(SECRET), raw)).toMatchObject({ type: "webhook.test" });
  });

  it("within a rotation fits by either of its two signatures, and a receiver may know both secrets", async () => {
    const both = headersOf(OTHER, SECRET);
    expect(await verifyWebhook(SECRET, both, body)).toMatchObject({ type: "webhook.test" });
    expect(await verifyWebhook(OTHER, both, body)).toMatchObject({ type: "webhook.test" });
    expect(await verifyWebhook([OTHER, SECRET], headersOf(SECRET), body)).toMatchObject({ type: "webhook.test" });
  });

  it("of five minutes ago is taken, an older one and one of the future is not", async () => {
    const headers = headersOf(SECRET);
    vi.setSystemTime(NOW + 300_000);
    expect(await verifyWebhook(SECRET, headers, body)).toMatchObject({ type: "webhook.test" });
    for (const off of [301_000, -301_000]) {
      vi.setSystemTime(NOW + off);
      await expect(verifyWebhook(SECRET, headers, body)).rejects.toEqual(refusal("bad_timestamp"));
    }
  });

  it.each([
    ["another's secret", OTHER, headersOf(SECRET), body, "no_signature_fits"],
    ["another body", SECRET, headersOf(SECRET), `${body} `, "no_signature_fits"],
    ["another id", SECRET, { ...headersOf(SECRET), "webhook-id": "x" }, body, "no_signature_fits"],
    [
      "a signature of another kind",
      SECRET,
      { ...headersOf(SECRET), "webhook-signature": "v1a,AAAA v1,!" },
      body,
      "no_signature_fits",
    ],
    ["no signature", SECRET, { ...headersOf(SECRET), "webhook-signature": undefined }, body, "missing_header"],
    ["a time that is none", SECRET, { ...headersOf(SECRET), "webhook-timestamp": "now" }, body, "bad_timestamp"],
    ["a secret that is none", "", headersOf(SECRET), body, "bad_secret"],
  ])("with %s is refused, and says why", async (_, secret, headers, raw, code) => {
    await expect(verifyWebhook(secret, headers, raw)).rejects.toEqual(refusal(code));
  });

  it("that a parser has been at says so", async () => {
    const parsed = JSON.parse(body) as string;
    await expect(verifyWebhook(SECRET, headersOf(SECRET), parsed)).rejects.toEqual(refusal("parsed_body"));
  });
});

it("a receiver's own tests sign as the API does", async () => {
  const headers = await signWebhook(SECRET, body, { id });
  expect(new Webhook(SECRET).verify(body, headers)).toMatchObject({ type: "webhook.test" });
  expect(headers).toEqual(headersOf(SECRET));
  const old = await signWebhook(SECRET, body, { at: NOW - 3_600_000 });
  await expect(verifyWebhook(SECRET, old, body)).rejects.toEqual(refusal("bad_timestamp"));
});
