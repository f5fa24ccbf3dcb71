// A simulator with a clock turned by hand, fal's own client pointed at it, and a receiver of webhooks: closed when the test ends.
import { createServer, type IncomingHttpHeaders } from "node:http";
import { createFalClient } from "@fal-ai/client";
import sharp from "sharp";
import { expect, onTestFinished } from "vitest";
import * as z from "zod";
import { startFalSimulator } from "../../stacks/fal-simulator/server.ts";
import type { FalSimulatorOptions } from "../../stacks/fal-simulator/world.ts";
import { createManualClock } from "./manual-clock.ts";

export const STANDARD = "fal-ai/kling-video/v2.1/standard/image-to-video";
export const PRO = "fal-ai/kling-video/v2.1/pro/image-to-video";
export const MASTER = "fal-ai/kling-video/v2.1/master/image-to-video";
export const APP = "fal-ai/kling-video";
export const HEADERS = { authorization: "Key test" };

/** A plain picture as a `data:` URI. */
export async function picture(width: number, height: number, format: "png" | "jpeg" | "webp" | "gif" = "png") {
  const bytes = await sharp({ create: { width, height, channels: 3, background: "#88a" } })
    .toFormat(format)
    .toBuffer();
  return `data:image/${format};base64,${bytes.toString("base64")}`;
}

// vitest types its matchers as `any`, which would silence the linter wherever they are used.
export const anyText: unknown = expect.any(String);
export const anyNumber: unknown = expect.any(Number);
export const textWith = (part: string | RegExp): unknown => {
  return typeof part === "string" ? expect.stringContaining(part) : expect.stringMatching(part);
};

const submitted = z.object({ request_id: z.string() });

/** Starts a simulator whose queue takes 2 s and whose renders take 6 s of the clock. */
export async function openSimulator(options: FalSimulatorOptions = {}) {
  const clock = createManualClock();
  const simulator = await startFalSimulator({ seed: 1, clock, ...options });
  onTestFinished(() => simulator.close());
  const image_url = await picture(640, 360);

  const fal = createFalClient({
    credentials: "test",
    fetch: (input, init) => {
      if (typeof input !== "string") throw new TypeError("fal's client passes its URLs as text");
      return fetch(input.replace("https://queue.fal.run", simulator.url), init);
    },
  });

  const call = (path: string, init: RequestInit = {}) =>
    fetch(`${simulator.url}${path}`, { headers: HEADERS, ...init });

  /** Submits to Kling and answers the raw response: fal's client would retry what a fault did. */
  const post = (input: object = {}, endpointId = STANDARD, webhook?: string) => {
    const query = webhook === undefined ? "" : `?fal_webhook=${encodeURIComponent(webhook)}`;
    return call(`/${endpointId}${query}`, {
      method: "POST",
      body: JSON.stringify({ prompt: "a boat", image_url, ...input }),
    });
  };

  const submit = async (input?: object, endpointId?: string, webhook?: string) => {
    return submitted.parse(await (await post(input, endpointId, webhook)).json()).request_id;
  };

  /** Lets seconds go by, one after the other, with the work that each of them starts. */
  const pass = async (seconds: number) => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1000);
      await simulator.settled();
    }
  };

  return { simulator, clock, fal, call, post, submit, pass };
}

export interface ReceivedWebhook {
  body: Buffer;
  headers: IncomingHttpHeaders;
}

/** Listens for webhooks and answers each with the next of `answers`, then with 200. */
export async function openReceiver(...answers: number[]) {
  const received: ReceivedWebhook[] = [];
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      received.push({ body: Buffer.concat(chunks), headers: req.headers });
      res.writeHead(answers.shift() ?? 200, { location: "/elsewhere" }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { received, url: `http://127.0.0.1:${port}/hook?id=1` };
}
