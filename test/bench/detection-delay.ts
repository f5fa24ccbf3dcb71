// How long a finished video waits for its caller to hear of it, and how often fal is asked meanwhile: ours beside the AI SDK and
// fal's own client, on the same jobs at the same time.
import path from "node:path";
import * as z from "zod";
import { SIGHTINGS, type Errands } from "./callers/errand.ts";
import { freePort, runProgram, startServer, temporaryDirectory } from "./processes.ts";
import { median, quantile, type Row } from "./table.ts";

const PART = "detection-delay";

/** Renders end within this: a whole number of everybody's polls, so that no interval is favoured. */
const RENDER_SECONDS = { least: 20, most: 40 };
/** Starts are spread over so many seconds for each job: about 25 of each kind are under way at once. */
const SECONDS_BETWEEN_STARTS = 1.2;
/** Callers have read their packages by then. */
const HEAD_START_MS = 5000;

/** A first generation that does not count: everybody's code is read and compiled by then, as it is on any day but the first. */
const WARM_UP = { seconds: 1, startsMs: 0 };
const AFTER_WARM_UP_MS = 10_000;

const AI_SDK_SHARE = 0.2;

interface Kind {
  name: string;
  /** What it is called in the table. */
  label: string;
  caller: "ours" | "ai-sdk" | "fal-subscribe";
}
const WEBHOOK: Kind = { name: "webhook", label: "with webhook", caller: "ours" };
const POLLING: Kind = { name: "polling", label: "without webhook", caller: "ours" };
const AI_SDK: Kind = { name: "ai-sdk", label: "AI SDK", caller: "ai-sdk" };
const SUBSCRIBE: Kind = { name: "subscribe", label: "fal.subscribe, the ceiling", caller: "fal-subscribe" };
const KINDS = [WEBHOOK, POLLING, AI_SDK, SUBSCRIBE];

/** What was found out about one kind of caller, a number for each generation. */
export interface Findings {
  /** Milliseconds from COMPLETED at fal to the caller having the video. */
  seenMs: number[];
  /** The same to the record saying `completed`: its file is in the store then. */
  recordedMs: number[];
  /** Questions about the job that fal has answered, for its status or its result. */
  statusCalls: number[];
}

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const found = await run(quick ? 40 : 200);
  return rowsOf(found);
}

async function run(count: number): Promise<Map<Kind, Findings>> {
  await using simulator = await startServer({
    file: "stacks/local/fal-simulator/main.ts",
    args: ["--port", "0", "--queue-seconds", "0", "--render-seconds", "0", "--concurrency", "100000"],
  });
  await using directory = await temporaryDirectory();
  await using withWebhook = await startMachine(simulator.url, path.join(directory.path, "webhook"), true);
  await using without = await startMachine(simulator.url, path.join(directory.path, "polling"), false);
  const addresses = new Map([
    [WEBHOOK, withWebhook.url],
    [POLLING, without.url],
  ]);

  const plan = [WARM_UP, ...renders(count)];
  const from = Date.now() + HEAD_START_MS;
  const sightings = await Promise.all(
    KINDS.map(async (kind) => {
      const errands: Errands = plan.map(({ seconds, startsMs }, n) => ({
        prompt: promptOf(kind, n, seconds),
        startsAt: from + startsMs,
      }));
      const args = [kind.caller, addresses.get(kind) ?? simulator.url];
      return [kind, await runProgram({ file: "test/bench/callers/call.ts", args }, errands, SIGHTINGS)] as const;
    }),
  );

  const jobs = await jobsOf(simulator.url);
  return new Map(
    sightings.map(([kind, seen]) => {
      const all = seen.map((sighting, n) => ({ ...sighting, ...jobOf(jobs, promptStart(kind, n)) }));
      const pairs = all.slice(1);
      return [
        kind,
        {
          seenMs: pairs.map(({ seenAt, endedAt }) => seenAt - endedAt),
          recordedMs: pairs.flatMap(({ recordedAt, endedAt }) =>
            recordedAt === undefined ? [] : recordedAt - endedAt,
          ),
          statusCalls: pairs.map(({ statusCalls }) => statusCalls),
        },
      ];
    }),
  );
}

function startMachine(simulator: string, directory: string, webhook: boolean) {
  return freePort().then((port) =>
    startServer({
      file: "stacks/local/main.ts",
      environment: {
        PORT: String(port),
        AWS_PORT: "0",
        DATA_DIR: directory,
        NODE_ENV: "development",
        FAL_TEST_MODE: "off",
        FAL_KEY: "bench",
        FAL_QUEUE_URL: simulator,
        FAL_PLATFORM_URL: simulator,
        FAL_WEBHOOK_JWKS_URL: `${simulator}/.well-known/jwks.json`,
        POLL_SECONDS: "10",
        POWERTOOLS_LOG_LEVEL: "SILENT",
        ...(webhook && { PUBLIC_URL: `http://127.0.0.1:${port}` }),
      },
    }),
  );
}

/** One render for each job: its length by chance within a slice of its own, the slices in an order of chance. */
function renders(count: number): { seconds: number; startsMs: number }[] {
  const { least, most } = RENDER_SECONDS;
  const slice = (most - least) / count;
  const lengths = Array.from({ length: count }, (_, n) => least + slice * (n + Math.random()));
  const order = lengths.map((seconds) => ({ seconds, at: Math.random() })).sort((one, other) => one.at - other.at);
  return order.map(({ seconds }, n) => ({
    seconds,
    startsMs: AFTER_WARM_UP_MS + (n + Math.random()) * SECONDS_BETWEEN_STARTS * 1000,
  }));
}

function promptStart(kind: Kind, n: number): string {
  return `${kind.name} ${n} [`;
}

/** The simulator reads how long a render takes from its prompt. */
function promptOf(kind: Kind, n: number, seconds: number): string {
  return `${promptStart(kind, n)}fal: slow seconds=${seconds.toFixed(3)}]`;
}

const KLING_JOBS = z.object({
  jobs: z.array(
    z.object({
      requestId: z.string(),
      endpointId: z.string(),
      endedAt: z.number(),
      input: z.object({ prompt: z.string().default("") }),
    }),
  ),
});
const REQUESTS = z.object({ requests: z.array(z.object({ method: z.string(), path: z.string() })) });

interface Job {
  prompt: string;
  endedAt: number;
  statusCalls: number;
}

/** What the simulator has kept of each job of Kling's. */
async function jobsOf(simulator: string): Promise<Job[]> {
  const ask = async (topic: string): Promise<unknown> => (await fetch(`${simulator}/__simulator/${topic}`)).json();
  const { jobs } = KLING_JOBS.parse(await ask("jobs"));
  const { requests } = REQUESTS.parse(await ask("requests"));
  const calls = new Map<string, number>();
  for (const { method, path } of requests) {
    const [, requestId] = /\/requests\/([^/?]+)/.exec(path) ?? [];
    if (method === "GET" && requestId !== undefined) calls.set(requestId, (calls.get(requestId) ?? 0) + 1);
  }
  return jobs
    .filter(({ endpointId }) => endpointId.includes("kling-video"))
    .map(({ requestId, endedAt, input }) => ({
      prompt: input.prompt,
      endedAt,
      statusCalls: calls.get(requestId) ?? 0,
    }));
}

/** The one job of an errand. @throws Error when it was submitted twice, or never */
function jobOf(jobs: Job[], start: string): Job {
  const [job, ...more] = jobs.filter(({ prompt }) => prompt.startsWith(start));
  if (!job || more.length > 0) throw new Error(`${start} was submitted ${more.length + (job ? 1 : 0)} times`);
  return job;
}

/** The table's rows. Exported for its test. */
export function rowsOf(found: ReadonlyMap<Kind, Findings>): Row[] {
  const of = (kind: Kind): Findings => {
    const findings = found.get(kind);
    if (!findings) throw new Error(`${kind.label} was not measured`);
    return findings;
  };
  const peerMs = median(of(AI_SDK).seenMs);
  const beside = { what: `${AI_SDK.label}, median`, value: peerMs };
  const delay = (what: string, value: number): Row => ({
    part: PART,
    what,
    value,
    unit: "ms",
    beside,
    ratio: value / peerMs,
  });
  const ours = [WEBHOOK, POLLING].flatMap((kind): Row[] => {
    const { seenMs, recordedMs } = of(kind);
    const seen = delay(`${kind.label}: the client library's caller sees it, median`, median(seenMs));
    const met = median(seenMs) <= AI_SDK_SHARE * peerMs;
    return [
      kind === WEBHOOK ? { ...seen, goal: `at most ${AI_SDK_SHARE} of the AI SDK's`, met } : seen,
      delay(`${kind.label}: the same, p99`, quantile(seenMs, 0.99)),
      delay(`${kind.label}: the record says completed, median`, median(recordedMs)),
      delay(`${kind.label}: the same, p99`, quantile(recordedMs, 0.99)),
    ];
  });
  const subscribe = delay(`${SUBSCRIBE.label}: has a link, median`, median(of(SUBSCRIBE).seenMs));
  return [...ours, delay(`${AI_SDK.label}: p99`, quantile(of(AI_SDK).seenMs, 0.99)), subscribe, ...loadRows(of)];
}

function loadRows(of: (kind: Kind) => Findings): Row[] {
  const calls = (kind: Kind) => mean(of(kind).statusCalls);
  const peers = [AI_SDK, SUBSCRIBE];
  const fewest = Math.min(...peers.map(calls));
  const rows = [WEBHOOK, POLLING].map((kind): Row => ({
    part: PART,
    what: `${kind.label}: status and result calls for each generation, mean`,
    value: calls(kind),
    unit: "calls",
    beside: { what: `${AI_SDK.label}`, value: calls(AI_SDK) },
    ratio: calls(kind) / calls(AI_SDK),
    goal: "fewer than every polling peer",
    met: calls(kind) < fewest,
  }));
  const ceiling = calls(SUBSCRIBE);
  const besideCeiling = { what: `${AI_SDK.label}`, value: calls(AI_SDK) };
  const what = `${SUBSCRIBE.label}: status and result calls, mean`;
  return [
    ...rows,
    { part: PART, what, value: ceiling, unit: "calls", beside: besideCeiling, ratio: ceiling / calls(AI_SDK) },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
