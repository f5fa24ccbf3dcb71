// fal locks the account in the middle of twenty, the machine is killed, fal unlocks: twenty videos, twenty jobs, nothing failed.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { startServer, type Server } from "../browser/server.ts";

const COUNT = 20;
const MINUTE_MS = 60_000;

let server: Server;
beforeAll(async () => {
  server = await startServer();
}, MINUTE_MS);
afterAll(() => server.close());

const post = async (url: string, body: unknown) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const started = z.object({ data: z.object({ mediaSpace: z.object({ id: z.string() }) }) });
const listed = z.object({
  data: z.object({
    items: z.array(
      z.object({ media: z.object({ phase: z.string(), hold: z.optional(z.object({ code: z.string() })) }) }),
    ),
  }),
});
const health = z.object({ provider: z.string() });

async function media() {
  const answer = await fetch(`${server.url}/api/spaces/hold/media?limit=100`);
  return listed.parse(await answer.json()).data.items.map((item) => item.media);
}
const count = async (is: (it: Awaited<ReturnType<typeof media>>[number]) => boolean) =>
  (await media()).filter(is).length;
const provider = async () => health.parse(await (await fetch(`${server.url}/health`)).json()).provider;
const posts = () =>
  server.fal.requests().filter(({ method, path }) => method === "POST" && path.includes("kling-video")).length;

it("nothing is lost and nothing is paid twice", { timeout: 8 * MINUTE_MS }, async () => {
  const start = async (n: number) => {
    const image = { link: `${server.url}/samples/photo.jpg` };
    const body = { spaceId: "hold", type: "video", context: `Waves ${n}`, mediaSpace: { media: { image } } };
    const answer = await post(`${server.url}/api/media/enhance`, body);
    expect(answer.status).toBe(202);
    return started.parse(await answer.json()).data.mediaSpace.id;
  };
  for (let n = 0; n < COUNT / 2; n++) await start(n);
  await vi.waitUntil(() => posts() > 0, { timeout: MINUTE_MS, interval: 100 });
  server.fal.arm({ fault: "submit-403", times: "always" });
  for (let n = COUNT / 2; n < COUNT; n++) await start(n);
  await vi.waitUntil(async () => (await count((it) => it.phase === "queued" && it.hold === undefined)) === 0, {
    timeout: 2 * MINUTE_MS,
    interval: 500,
  });
  expect(await provider()).toBe("held");
  const waiting = await count(({ hold }) => hold !== undefined);
  expect(waiting).toBeGreaterThanOrEqual(COUNT / 2);
  const before = posts();
  await server.kill();
  await server.start();
  // One probe a minute at most, whatever was killed.
  await new Promise((resolve) => setTimeout(resolve, MINUTE_MS + 10_000));
  expect(posts() - before).toBeLessThanOrEqual(2);
  server.fal.disarm();
  await vi.waitUntil(async () => (await count(({ phase }) => phase === "completed")) === COUNT, {
    timeout: 4 * MINUTE_MS,
    interval: 1000,
  });
  expect(await provider()).toBe("ok");
  expect(await count(({ phase }) => phase === "failed")).toBe(0);
  expect(server.fal.jobs().filter(({ endpointId }) => endpointId.includes("kling-video"))).toHaveLength(COUNT);
});
