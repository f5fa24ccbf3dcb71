// docs/webhooks.md carried out: its three receivers, as they stand there, take what we sign and nothing else.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { signMessage } from "../../shared/adapters/message-signature.ts";
import { messageOf } from "../../shared/webhooks/message.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { serve } from "../local/local-server.ts";
import { completed } from "../support/webhook-world.ts";

const SECRET = `whsec_${Buffer.from("a secret of 32 bytes, as we make").toString("base64")}`;
const MESSAGE = messageOf("Generation Completed", completed(), "https://api.example");

let directory: string;
beforeAll(async () => {
  vi.stubEnv("WEBHOOK_SECRET", SECRET);
  vi.spyOn(console, "log").mockImplementation(() => {});
  const page = await readFile(join(ROOT, "docs/webhooks.md"), "utf8");
  // Inside the project, so that the examples find its packages.
  await mkdir(join(ROOT, ".local"), { recursive: true });
  directory = await mkdtemp(join(ROOT, ".local/receivers-"));
  for (const [, name = "", code = ""] of page.matchAll(/^```js (\S+)\n(.*?)^```$/gms)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), code);
  }
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Sent {
  headers: Record<string, string>;
  body: string;
}
type Receive = (sent: Sent) => Promise<number>;

const load = async <T>(name: string): Promise<T> => (await import(/* @vite-ignore */ join(directory, name))) as T;

/** How each receiver is reached, as its platform reaches it. */
const RECEIVERS: Record<string, () => Promise<Receive>> = {
  async "express.js"() {
    const { app } = await load<{ app: RequestListener }>("express.js");
    const url = `${await serve(app)}/hooks/kling`;
    return async ({ headers, body }) => (await fetch(url, { method: "POST", headers, body })).status;
  },
  async "app/hooks/kling/route.js"() {
    const { POST } = await load<{ POST: (request: Request) => Promise<Response> }>("app/hooks/kling/route.js");
    return async ({ headers, body }) =>
      (await POST(new Request("https://shop.example/hooks/kling", { method: "POST", headers, body }))).status;
  },
  async "lambda.js"() {
    const { handler } = await load<{ handler: (event: object) => Promise<{ statusCode: number }> }>("lambda.js");
    return async ({ headers, body }) =>
      (await handler({ headers, body: Buffer.from(body).toString("base64"), isBase64Encoded: true })).statusCode;
  },
};

describe.each(Object.entries(RECEIVERS))("the receiver %s", (name, open) => {
  const signed = (secrets = [SECRET], atMs = Date.now()): Sent => ({
    headers: { ...signMessage(secrets, MESSAGE, atMs), "content-type": "application/json" },
    body: MESSAGE.body,
  });

  it("is about ten lines long", async () => {
    const lines = (await readFile(join(directory, name), "utf8")).trim().split("\n");
    expect(lines.filter((line) => line !== "" && !line.startsWith("//")).length).toBeLessThanOrEqual(13);
  });

  it("takes what we sign, also with the new secret beside its own", async () => {
    const receive = await open();
    expect(await receive(signed())).toBe(204);
    const rotated = `whsec_${Buffer.from("another secret, also of 32 bytes").toString("base64")}`;
    expect(await receive(signed([rotated, SECRET]))).toBe(204);
  });

  it("refuses what another has signed, what was altered, what is old and what is not signed", async () => {
    const receive = await open();
    const other = `whsec_${Buffer.from("another secret, also of 32 bytes").toString("base64")}`;
    const { headers, body } = signed();
    expect(await receive(signed([other]))).toBe(401);
    expect(await receive({ headers, body: body.replace("acme", "evil") })).toBe(401);
    expect(await receive(signed([SECRET], Date.now() - 600_000))).toBe(401);
    expect(await receive({ headers: { "content-type": "application/json" }, body })).toBe(401);
  });
});
