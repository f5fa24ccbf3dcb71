// Load from a process of its own, on one server after the other in short turns: what else happens on the machine happens to all.
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { Agent, request, type IncomingMessage } from "node:http";
import { readInput } from "../processes.ts";
import { ORDER, REQUEST, type Turn } from "./recording.ts";

const { urls, withKey, turns, seconds, callers } = await readInput(ORDER);
const agent = new Agent({ keepAlive: true, maxSockets: callers });

async function ask(url: string): Promise<void> {
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

/** So many callers, each of which asks again as soon as it has its answer. */
async function turn(url: string): Promise<Turn> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const caller = async () => {
    for (let now = startedAt; now < startedAt + seconds * 1000;) {
      const askedAt = now;
      await ask(url);
      now = performance.now();
      latenciesMs.push(now - askedAt);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: latenciesMs.length / ((performance.now() - startedAt) / 1000), latenciesMs };
}

const taken: Turn[][] = urls.map(() => []);
for (let number = 0; number < turns; number++) {
  // Forwards, backwards, forwards: neither of the two is always the first.
  const order = [...urls.entries()];
  for (const [index, url] of number % 2 === 0 ? order : order.reverse()) taken[index]?.push(await turn(url));
}
agent.destroy();
console.log(JSON.stringify(taken));
