// fal's calls back: verified here as a backend would verify them, from the JWKS and the raw bytes alone.
import { createHash, createPublicKey, verify } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { anyNumber, anyText, openReceiver, openSimulator, type ReceivedWebhook, STANDARD } from "./support.ts";

const jwks = z.object({
  keys: z.array(z.looseObject({ kty: z.literal("OKP"), crv: z.literal("Ed25519"), x: z.string() })),
});

async function fetchKeys(origin: string) {
  return jwks.parse(await (await fetch(`${origin}/.well-known/jwks.json`)).json()).keys;
}

type Keys = Awaited<ReturnType<typeof fetchKeys>>;

function isSigned({ body, headers }: ReceivedWebhook, keys: Keys): boolean {
  const part = (name: string) => String(headers[`x-fal-webhook-${name}`]);
  const digest = createHash("sha256").update(body).digest("hex");
  const message = Buffer.from([part("request-id"), part("user-id"), part("timestamp"), digest].join("\n"));
  const signature = Buffer.from(part("signature"), "hex");
  return keys.some((key) => verify(null, message, createPublicKey({ key, format: "jwk" }), signature));
}

async function sendOne(fault = "", ...answers: number[]) {
  const receiver = await openReceiver(...answers);
  const all = await openSimulator();
  const oldKeys = await fetchKeys(all.simulator.url);
  const requestId = await all.submit({ prompt: `a boat ${fault}` }, STANDARD, receiver.url);
  await all.pass(8);
  return { ...all, ...receiver, requestId, oldKeys };
}

const secondsOf = (webhook?: ReceivedWebhook) => Number(webhook?.headers["x-fal-webhook-timestamp"]);

describe("a webhook", () => {
  it("brings the result once, signed over its raw body, at the time it was sent", async () => {
    const { received, requestId, clock, simulator } = await sendOne();
    expect(received).toHaveLength(1);
    const [webhook] = received;
    expect(JSON.parse(String(webhook?.body))).toEqual({
      request_id: requestId,
      gateway_request_id: anyText,
      status: "OK",
      payload: {
        video: {
          url: `${simulator.url}/files/${requestId}.mp4`,
          content_type: "video/mp4",
          file_name: "output.mp4",
          file_size: anyNumber,
        },
      },
    });
    expect(webhook?.headers["x-fal-webhook-request-id"]).toBe(requestId);
    expect(secondsOf(webhook)).toBe(clock.now() / 1000);
    const keys = await fetchKeys(simulator.url);
    expect(received.map((each) => isSigned(each, keys))).toEqual([true]);
    const changed = received.map((each) => ({ ...each, body: Buffer.concat([each.body, Buffer.from(" ")]) }));
    expect(changed.map((each) => isSigned(each, keys))).toEqual([false]);
  });

  it("tells of a failure with the model's own answer", async () => {
    const { received } = await sendOne("[fal: fail-content-policy]");
    expect(JSON.parse(String(received[0]?.body))).toMatchObject({
      status: "ERROR",
      error: "Invalid status code: 422",
      payload: { detail: [{ type: "content_policy_violation" }] },
    });
  });

  it("is sent again after 7 s, 14 s ... until the receiver answers 2xx, each time signed anew", async () => {
    const { received, pass, clock, simulator } = await sendOne("", 500, 404, 204);
    expect(received).toHaveLength(1);
    await pass(7);
    expect(received).toHaveLength(2);
    await pass(13);
    expect(received).toHaveLength(2);
    await pass(1);
    expect(received).toHaveLength(3);
    expect(secondsOf(received[2])).toBe(clock.now() / 1000);
    const keys = await fetchKeys(simulator.url);
    expect(received.every((each) => isSigned(each, keys))).toBe(true);
    await pass(60);
    expect(received).toHaveLength(3);
    expect(simulator.webhooks().map(({ outcome }) => outcome)).toEqual([500, 404, 204]);
  });

  it("is given up after ten retries in two hours", async () => {
    const { received, clock, simulator } = await sendOne("", ...Array.from({ length: 20 }, () => 500));
    for (let retry = 0; retry < 12; retry += 1) {
      clock.advance(7_000 * 2 ** retry);
      await simulator.settled();
    }
    expect(received).toHaveLength(11);
    const times = simulator.webhooks().map(({ at }) => at);
    expect((times[10] ?? 0) - (times[0] ?? 0)).toBe(7_161_000);
  });

  it("never follows a redirect, and takes it for a no", async () => {
    const { received, pass } = await sendOne("", 302);
    await pass(600);
    expect(received).toHaveLength(1);
  });

  it("is never sent when the caller registered none", async () => {
    const { submit, pass, simulator } = await openSimulator();
    await submit();
    await pass(8);
    expect(simulator.webhooks()).toEqual([]);
  });
});

describe("a webhook at fault", () => {
  it("can be lost", async () => {
    const { received, pass, simulator } = await sendOne("[fal: webhook-lost]");
    await pass(60);
    expect(received).toEqual([]);
    expect(simulator.webhooks()).toMatchObject([{ outcome: "lost" }]);
  });

  it("can come twice", async () => {
    const { received, simulator } = await sendOne("[fal: webhook-twice]");
    const keys = await fetchKeys(simulator.url);
    expect(received.map((each) => isSigned(each, keys))).toEqual([true, true]);
  });

  it("can come late, with the time of its sending", async () => {
    const { received, pass, clock } = await sendOne("[fal: webhook-late seconds=90]");
    await pass(89);
    expect(received).toEqual([]);
    await pass(1);
    expect(received.map(secondsOf)).toEqual([clock.now() / 1000]);
  });

  it("can be forged", async () => {
    const { received, simulator } = await sendOne("[fal: webhook-forged]");
    const keys = await fetchKeys(simulator.url);
    expect(received.map((each) => isSigned(each, keys))).toEqual([false]);
  });

  it("can be stale, though rightly signed", async () => {
    const { received, simulator, clock } = await sendOne("[fal: webhook-stale]");
    const keys = await fetchKeys(simulator.url);
    expect(received.map((each) => isSigned(each, keys))).toEqual([true]);
    expect(secondsOf(received[0])).toBe(clock.now() / 1000 - 600);
  });

  it("can be signed with a key that only a fresh JWKS holds", async () => {
    const { received, simulator, oldKeys } = await sendOne("[fal: webhook-new-key]");
    const keys = await fetchKeys(simulator.url);
    expect(keys).toHaveLength(2);
    expect(received.map((each) => [isSigned(each, oldKeys), isSigned(each, keys)])).toEqual([[false, true]]);
  });

  it("cannot be verified for as long as the JWKS is down", async () => {
    const { call, simulator } = await openSimulator();
    simulator.arm({ fault: "jwks-down", times: 2 });
    const status = async () => (await call("/.well-known/jwks.json")).status;
    expect([await status(), await status(), await status()]).toEqual([503, 503, 200]);
  });
});
