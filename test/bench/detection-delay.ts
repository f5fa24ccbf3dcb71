// How long a finished video waits for its caller to hear of it, and how often fal is asked meanwhile: ours beside the AI SDK and
// fal's own client, on the same jobs at the same time.
import path from "node:path";
import * as z from "zod";
import { SIGHTINGS, type Errands } from "./callers/errand.ts";
import { freePort, runProgram, startServer, temporaryDirectory } from "./processes.ts";
import { median, quantile, type Row } from "./table.ts";

const PART = "detection-delay";

/** Renders end within this: a whole number of every caller's polls, so that no interval is favoured. */
const RENDER_SECONDS = { least: 20, most: 40 };
/** Of each kind, about 25 are under way at once. */
const SECONDS_BETWEEN_STARTS = 1.2;
/** Callers have read their packages by then. */
const HEAD_START_MS = 5000;
/** A first generation that does not count: each caller's code is read and compiled by then, as it is on any day but the first. */
const WARM_UP = { seconds: 1, startsMs: 0 };
const AFTER_WARM_UP_MS = 10_000;

const AI_SDK_SHARE = 0.2;

/** Who asks for videos, and how the table calls them. */
const KINDS = {
  webhook: { label: "with webhook", caller: "ours" },
  polling: { label: "without webhook", caller: "ours" },
  aiSdk: { label: "AI SDK", caller: "ai-sdk" },
  subscribe: { label: "fal.subscribe, the ceiling", caller: "fal-subscribe" },
} as const;
type Kind = keyof typeof KINDS;
const OURS = ["webhook", "polling"] as const;
const PEERS = ["aiSdk", "subscribe"] as const;

/** What was found out about one kind of caller, a number for each generation. */
export interface Findings {
  /** Milliseconds from COMPLETED at fal to the caller having the video. */
  seenMs: number[];
  /** The same to our record saying `completed`: its file is in the store then. */
  recordedMs: number[];
  /** How often fal was asked about the job, for its status or its result. */
  statusCalls: number[];
}

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  return rowsOf(await run(quick ? 40 : 200));
}

async function run(count: number): Promise<Record<Kind, Findings>> {
  await using simulator = await startServer({
    file: "stacks/fal-simulator/main.ts",
    args: ["--port", "0", "--queue-seconds", "0", "--render-seconds", "0", "--concurrency", "100000"],
  });
  await using directory = await temporaryDirectory();
  await using webhook = await startMachine(simulator.url, path.join(directory.path, "webhook"), true);
  await using polling = await startMachine(simulator.url, path.join(directory.path, "polling"), false);

  const plan = [WARM_UP, ...renders(count)];
  const from = Date.now() + HEAD_START_MS;
  const sightings = async (kind: Kind, address: string) => {
    const errands: Errands = plan.map(({ seconds, startsMs }, n) => ({
      prompt: promptOf(kind, n, seconds),
      startsAt: from + startsMs,
    }));
    const program = { file: "test/bench/callers/call.ts", args: [KINDS[kind].caller, address] };
    return runProgram(program, errands, SIGHTINGS);
  };
  const [withWebhook, byPolling, byAiSdk, bySubscribe] = await Promise.all([
    sightings("webhook", webhook.url),
    sightings("polling", polling.url),
    sightings("aiSdk", simulator.url),
    sightings("subscribe", simulator.url),
  ]);

  const jobs = await jobsOf(simulator.url);
  const findings = (kind: Kind, seen: z.infer<typeof SIGHTINGS>): Findings => {
    const pairs = seen.map((sighting, n) => ({ ...sighting, ...jobOf(jobs, kind, n) })).slice(1);
    return {
      seenMs: pairs.map(({ seenAt, endedAt }) => seenAt - endedAt),
      recordedMs: pairs.flatMap(({ recordedAt, endedAt }) => (recordedAt === undefined ? [] : recordedAt - endedAt)),
      statusCalls: pairs.map(({ statusCalls }) => statusCalls),
    };
  };
  return {
    webhook: findings("webhook", withWebhook),
    polling: findings("polling", byPolling),
    aiSdk: findings("aiSdk", byAiSdk),
    subscribe: findings("subscribe", bySubscribe),
  };
}

/** The real local machine, told of its own address where fal may call it. */
async function startMachine(simulator: string, directory: string, webhook: boolean) {
  const port = await freePort();
  return startServer({
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
  });
}

/** One render for each job: its length by chance within a slice of its own, the slices in an order of chance. */
function renders(count: number): { seconds: number; startsMs: number }[] {
  const { least, most } = RENDER_SECONDS;
  const slice = (most - least) / count;
  return Array.from({ length: count }, (_, n) => ({ seconds: least + slice * (n + Math.random()), at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ seconds }, n) => ({
      seconds,
      startsMs: AFTER_WARM_UP_MS + (n + Math.random()) * SECONDS_BETWEEN_STARTS * 1000,
    }));
}

/** Names the errand, and tells the simulator how long to render. */
function promptOf(kind: Kind, n: number, seconds: number): string {
  return `${errandOf(kind, n)}[fal: slow seconds=${seconds.toFixed(3)}]`;
}

function errandOf(kind: Kind, n: number): string {
  return `${kind} ${n} `;
}

const JOBS = z.object({
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

/** What the simulator has kept of Kling's jobs. */
async function jobsOf(simulator: string): Promise<Job[]> {
  const ask = async (topic: string): Promise<unknown> => (await fetch(`${simulator}/__simulator/${topic}`)).json();
  const { jobs } = JOBS.parse(await ask("jobs"));
  const { requests } = REQUESTS.parse(await ask("requests"));
  const calls = new Map<string, number>();
  for (const { method, path } of requests) {
    const [, requestId] = /\/requests\/([^/?]+)/.exec(path) ?? [];
    if (method === "GET" && requestId !== undefined) calls.set(requestId, (calls.get(requestId) ?? 0) + 1);
  }
  return jobs
    .filter(({ endpointId }) => endpointId.includes("kling-video"))
    .map(({ requestId, endedAt, input }) => {
      return { prompt: input.prompt, endedAt, statusCalls: calls.get(requestId) ?? 0 };
    });
}

/** The one job of an errand. @throws Error when it was submitted twice, or never */
function jobOf(jobs: Job[], kind: Kind, n: number): Job {
  const errand = errandOf(kind, n);
  const [job, ...more] = jobs.filter(({ prompt }) => prompt.startsWith(errand));
  if (!job || more.length > 0) throw new Error(`${errand}was submitted ${more.length + (job ? 1 : 0)} times`);
  return job;
}

/** The table's rows. Exported for its test. */
export function rowsOf(found: Record<Kind, Findings>): Row[] {
  return [...delayRows(found), ...loadRows(found)];
}

function delayRows(found: Record<Kind, Findings>): Row[] {
  const peerMs = median(found.aiSdk.seenMs);
  const row = (what: string, value: number): Row => {
    const beside = { what: "AI SDK, median", value: peerMs };
    return { part: PART, what, value, unit: "ms", beside, ratio: value / peerMs };
  };
  const seen = (kind: Kind, what: string, q: number) =>
    row(`${KINDS[kind].label}: ${what}`, quantile(found[kind].seenMs, q));
  const recorded = (kind: Kind, what: string, q: number) =>
    row(`${KINDS[kind].label}: ${what}`, quantile(found[kind].recordedMs, q));
  const goal = {
    goal: `at most ${AI_SDK_SHARE} of the AI SDK's`,
    met: median(found.webhook.seenMs) <= AI_SDK_SHARE * peerMs,
  };
  return [
    ...OURS.flatMap((kind) => [
      { ...seen(kind, "a caller of the client library sees it, median", 0.5), ...(kind === "webhook" && goal) },
      seen(kind, "the same, p99", 0.99),
      recorded(kind, "the record says completed, median", 0.5),
      recorded(kind, "the same, p99", 0.99),
    ]),
    seen("aiSdk", "a caller has the video, p99", 0.99),
    seen("subscribe", "a caller has a link, median", 0.5),
  ];
}

function loadRows(found: Record<Kind, Findings>): Row[] {
  const calls = (kind: Kind) => mean(found[kind].statusCalls);
  const row = (kind: Kind): Row => {
    const what = `${KINDS[kind].label}: status and result calls for each generation, mean`;
    const beside = { what: "AI SDK", value: calls("aiSdk") };
    return { part: PART, what, value: calls(kind), unit: "calls", beside, ratio: calls(kind) / beside.value };
  };
  const fewest = Math.min(...PEERS.map(calls));
  return [
    ...OURS.map((kind) => ({ ...row(kind), goal: "fewer than every polling peer", met: calls(kind) < fewest })),
    row("subscribe"),
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
