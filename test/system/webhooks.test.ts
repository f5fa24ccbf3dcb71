// The webhooks of a tenant against `npm start` in a process of its own: made over HTTP, told of a video, and of all that a kill leaves.
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { startServer, type Server } from "../browser/server.ts";
import { startReceiver, type Message, type Receiver } from "../support/receiver.ts";

const LIMIT_MS = 60_000;

let receiver: Receiver;
let server: Server;
beforeAll(async () => {
  receiver = await startReceiver();
  server = await startServer({ TRUSTED_MEDIA_ORIGINS: receiver.origin });
}, LIMIT_MS);
afterAll(async () => {
  await server.close();
  receiver.close();
});

async function call(method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: response.status, json: await response.json().catch((): unknown => undefined) };
}

const created = z.object({ data: z.object({ webhook: z.object({ id: z.string() }), secret: z.string() }) });
const told = z.object({ type: z.string(), data: z.object({ mediaId: z.string(), url: z.string() }) });
const logged = z.object({
  data: z.object({
    items: z.array(z.object({ id: z.string(), type: z.string(), status: z.string(), attempts: z.array(z.unknown()) })),
  }),
});

async function webhookTo(url: string, events?: string[]) {
  const { status, json } = await call("POST", "/api/webhooks", { url, events });
  expect(status).toBe(201);
  const { webhook, secret } = created.parse(json).data;
  return { id: webhook.id, secret: new Webhook(secret) };
}

const start = () =>
  call("POST", "/api/media/enhance", {
    spaceId: "shop",
    type: "video",
    context: "The waves roll in.",
    mediaSpace: { media: { image: { link: `${server.url}/samples/photo.jpg` } } },
  });
const verified = (secret: Webhook, { body, headers }: Message) => told.parse(secret.verify(body, headers));
const logOf = async (id: string) => logged.parse((await call("GET", `/api/webhooks/${id}/deliveries`)).json).data.items;

describe("a video", { timeout: LIMIT_MS }, () => {
  it("is told of from its start to its description, signed, with an address that shows it", async () => {
    const { id, secret } = await webhookTo(receiver.url);
    await start();
    await expect
      .poll(() => receiver.messages.map((it) => verified(secret, it).type).sort(), { timeout: LIMIT_MS })
      .toEqual(["generation.completed", "generation.started", "media.analyzed"]);
    const shown = await fetch(verified(secret, receiver.messages[0] ?? { body: "", headers: {} }).data.url);
    expect(shown.status).toBe(200);
    expect(await logOf(id)).toMatchObject([{ status: "delivered" }, { status: "delivered" }, { status: "delivered" }]);
    expect((await call("DELETE", `/api/webhooks/${id}`)).status).toBe(204);
  });
});

describe("a kill of the machine", { timeout: LIMIT_MS }, () => {
  it("between the event and the answer loses no message: the next start sends it again, with its id", async () => {
    receiver.messages.length = 0;
    const hangs = Promise.withResolvers<void>();
    receiver.answer = () => hangs.resolve();
    const { id, secret } = await webhookTo(receiver.url, ["generation.started"]);
    await start();
    await hangs.promise;
    await server.kill();
    receiver.answer = (_, response) => response.writeHead(204).end();
    await server.start();
    await expect.poll(() => receiver.messages.length, { timeout: LIMIT_MS }).toBeGreaterThanOrEqual(2);
    const [first, second] = receiver.messages;
    if (!first || !second) throw new Error("There are not two messages.");
    expect(second.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    expect(verified(secret, second)).toEqual(verified(secret, first));
    await expect.poll(async () => (await logOf(id))[0]?.status, { timeout: LIMIT_MS }).toBe("delivered");
    await call("DELETE", `/api/webhooks/${id}`);
  });
});

describe("a URL", () => {
  it.each([
    "http://127.0.0.1:1/hooks",
    "https://127.0.0.1/hooks",
    "https://[::1]/hooks",
    "https://169.254.169.254/latest/meta-data",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://localhost/hooks",
    "http://shop.example/hooks",
    "https://user:secret@shop.example/",
    "ftp://shop.example/",
    "shop.example",
    "",
  ])("%s is no target", async (url) => {
    const { status, json } = await call("POST", "/api/webhooks", { url });
    expect([status, json]).toMatchObject([400, { code: "invalid_request", details: [{ path: "url" }] }]);
  });
});
