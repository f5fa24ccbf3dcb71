// Scale: generations in flight end to end on one local machine, their polls on time and nothing left of them; executions waiting in the interpreter.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as z from "zod";
import { startProgram, type Program } from "./scale/program.ts";
import { quantile, type Row } from "./table.ts";

const PART = "scale";
const IN_FLIGHT = { quick: 100, full: 1000 };
/** A machine grows until it has met its load once: this wave shows it the load, and what grows after it is a leak. */
const FIRST_WAVE = { quick: 50, full: 250 };
/** Longer than it takes to start them all, so that all are in flight at once. */
const RENDER_SECONDS = { quick: 45, full: 240 };
const STARTS_PER_SECOND = 8;
const POLL_MS = 10_000;
const LATE_MS = 1_000;
const ON_TIME_GOAL = 0.99;
const GROWTH_GOAL = 1.5;
const WAITING = 10_000;
const WAITING_GOAL_MB = 1024;
/** Unused connections are closed within this. */
const REST_SECONDS = 20;

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const size = quick ? "quick" : "full";
  const inFlight = await measureInFlight(IN_FLIGHT[size], FIRST_WAVE[size], RENDER_SECONDS[size]);
  return [...inFlight, ...(await measureWaiting())];
}

async function measureInFlight(count: number, firstWave: number, renderSeconds: number): Promise<Row[]> {
  await using parts = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), "scale-"));
  parts.defer(() => rm(directory, { recursive: true }));
  const times = ["--queue-seconds", "1", "--render-seconds", String(renderSeconds)];
  const fal = await startProgram("stacks/fal-simulator/main.ts", ["--port", "0", "--concurrency", "100000", ...times]);
  parts.defer(() => fal.stop());
  const machine = await startProgram("stacks/local/main.ts", [], {
    NODE_ENV: "development",
    FAL_TEST_MODE: "off",
    FAL_KEY: "bench",
    FAL_QUEUE_URL: fal.url,
    FAL_PLATFORM_URL: fal.url,
    PORT: "0",
    AWS_PORT: "0",
    DATA_DIR: directory,
  });
  parts.defer(() => machine.stop());

  await startGenerations(machine, firstWave);
  await untilCompleted(machine, firstWave);
  await sleep(REST_SECONDS * 1000);
  const before = await footprint(machine);
  await startGenerations(machine, count);
  await untilCompleted(machine, firstWave + count);
  await sleep(REST_SECONDS * 1000);
  const after = await footprint(machine);

  const lateness = await pollLateness(fal);
  const onTime = lateness.filter((late) => late <= LATE_MS).length / lateness.length;
  const what = `${count} in flight`;
  return [
    {
      part: PART,
      what: `${what}: polls within 1 s of due`,
      value: onTime * 100,
      unit: "%",
      goal: `at least ${ON_TIME_GOAL * 100} %`,
      met: onTime >= ON_TIME_GOAL,
    },
    { part: PART, what: `${what}: a poll's lateness, p50`, value: quantile(lateness, 0.5), unit: "ms" },
    { part: PART, what: `${what}: a poll's lateness, p99`, value: quantile(lateness, 0.99), unit: "ms" },
    growthRow(`${what}: memory after they ended`, "MB", before.residentMb, after.residentMb),
    growthRow(`${what}: handles after they ended`, "handles", before.handles, after.handles),
  ];
}

function growthRow(what: string, unit: string, before: number, after: number): Row {
  const ratio = after / before;
  return {
    part: PART,
    what,
    value: after,
    unit,
    beside: { what: "before they began", value: before },
    ratio,
    ...(Number.isFinite(ratio) && { goal: `at most ${GROWTH_GOAL} of it`, met: ratio <= GROWTH_GOAL }),
  };
}

async function footprint(machine: Program) {
  return { residentMb: await machine.residentMb(), handles: await machine.handles() };
}

/** Each in a space of its own tenant's, at a steady rate: a machine that is asked for a thousand at once polls a thousand at once. */
async function startGenerations({ url }: Program, count: number): Promise<void> {
  const body = JSON.stringify({
    spaceId: "bench",
    type: "video",
    context: "The camera glides slowly towards the light",
    mediaSpace: { media: { name: "One of many", image: { link: `${url}/samples/photo.jpg` } } },
  });
  const startedAt = Date.now();
  for (let n = 0; n < count; n++) {
    await sleep(Math.max(0, startedAt + (n * 1000) / STARTS_PER_SECOND - Date.now()));
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/api/media/enhance`, { method: "POST", headers, body });
    if (response.status !== 202) throw new Error(`a start was answered ${response.status}: ${await response.text()}`);
    await response.arrayBuffer();
  }
}

const page = z.object({
  data: z.object({
    items: z.array(z.object({ media: z.object({ phase: z.string(), analysisStatus: z.string().optional() }) })),
    nextCursor: z.string().optional(),
  }),
});

/** @throws Error when one of them ends otherwise */
async function untilCompleted(machine: Program, count: number): Promise<void> {
  for (;;) {
    await sleep(5_000);
    let completed = 0;
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const query = new URLSearchParams({ limit: "100", ...(cursor !== "" && { cursor }) });
      const response = await fetch(`${machine.url}/api/spaces/bench/media?${query.toString()}`);
      const { items, nextCursor } = page.parse(await response.json()).data;
      const failed = items.find(({ media }) => ["failed", "canceled"].includes(media.phase));
      if (failed) throw new Error(`a generation has ended as ${failed.media.phase}`);
      completed += items.filter(
        ({ media }) => media.phase === "completed" && media.analysisStatus !== "pending",
      ).length;
      cursor = nextCursor;
    }
    if (completed === count) return;
  }
}

const received = z.object({
  requests: z.array(z.object({ at: z.number(), path: z.string(), requestId: z.string().optional() })),
});

/** By how many milliseconds each look at a job of Kling came later than 10 s after the one before it. */
async function pollLateness({ url }: Program): Promise<number[]> {
  const { requests } = received.parse(await (await fetch(`${url}/__simulator/requests`)).json());
  const last = new Map<string, number>();
  const lateness: number[] = [];
  for (const { at, path: asked, requestId = "" } of requests) {
    if (!asked.includes("kling-video") || (!asked.includes("/status") && asked.includes("/requests/"))) continue;
    const before = last.get(requestId);
    if (before !== undefined) lateness.push(at - before - POLL_MS);
    last.set(requestId, at);
  }
  return lateness;
}

const waited = z.object({ residentMb: z.number(), late: z.array(z.number()) });

async function measureWaiting(): Promise<Row[]> {
  const file = fileURLToPath(new URL("./scale/waiting.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [file, String(WAITING)], {
    maxBuffer: 1024 ** 2 * 16,
  });
  const { residentMb, late } = waited.parse(JSON.parse(stdout));
  return [
    {
      part: PART,
      what: `${WAITING} waiting in the interpreter`,
      value: residentMb,
      unit: "MB",
      goal: `under ${WAITING_GOAL_MB} MB`,
      met: residentMb < WAITING_GOAL_MB,
    },
    { part: PART, what: `${WAITING} waking at once: lateness, p99`, value: quantile(late, 0.99), unit: "ms" },
  ];
}
