// Load on one server from a process of its own: so many callers, each of which asks again as soon as it has its answer.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import * as z from "zod";
import { readInput } from "../processes.ts";
import { REQUEST } from "./recording.ts";

export const ORDER = z.object({ url: z.string(), withKey: z.boolean(), seconds: z.number() });

/** A browser page and its neighbours: enough to keep a server of one thread busy, few enough to keep its queue short. */
const CALLERS = 8;

const { url, withKey, seconds } = await readInput(ORDER);
const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });

async function ask(): Promise<void> {
  const headers = {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(REQUEST.body),
    ...(withKey && { "idempotency-key": randomUUID() }),
  };
  const asked = request(url + REQUEST.path, { agent, method: "POST", headers }).end(REQUEST.body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "end");
  if (response.statusCode !== 202) throw new Error(`${url} answered ${response.statusCode}`);
}

const latenciesMs: number[] = [];
const until = performance.now() + seconds * 1000;
const startedAt = performance.now();
await Promise.all(
  Array.from({ length: CALLERS }, async () => {
    for (let now = performance.now(); now < until;) {
      await ask();
      latenciesMs.push(performance.now() - now);
      now = performance.now();
    }
  }),
);
const perSecond = latenciesMs.length / ((performance.now() - startedAt) / 1000);
agent.destroy();
console.log(JSON.stringify({ perSecond, latenciesMs: latenciesMs.map((ms) => Math.round(ms * 1000) / 1000) }));
