// `npm run simulate`: makes runs of the simulated world, over two processes, and says what they have come to.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { everywhere, pairs, planOf, runner, shrink, singles, type Runner } from "./explore.ts";
import { INVARIANT_IDS, type InvariantId } from "./invariants.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { count, emptyReport, inWords, merge, type Report } from "./report.ts";
import { ROOM_FOR_THE_YOUNG } from "./simulate.ts";
import { setStage } from "./stage.ts";
import type { Plan, Run } from "./world.ts";

const HELP = `npm run simulate -- [what] [how]
  --seeds N        N random seeds
  --seed S         the first of them; alone, that one with its trace
  --singles        every single fault at every call
  --story NAME     of the single faults, those in runs that tell this story
  --one-in N       of the single faults in runs that tell webhooks, one of N
  --pairs [N]      N seeded pairs of faults, or all of them (hours)
  --plan JSON      one run, as a failure has printed it
  --planted NAME   with a planted bug in it, and only the invariant on that must catch it
  --workers N      processes (2)
  --json           the report as JSON`;

const { values: given } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    singles: { type: "boolean" },
    story: { type: "string" },
    "one-in": { type: "string", default: "1" },
    pairs: { type: "boolean" },
    count: { type: "string" },
    plan: { type: "string" },
    planted: { type: "string" },
    workers: { type: "string", default: "2" },
    shard: { type: "string" },
    json: { type: "boolean" },
    help: { type: "boolean" },
  },
});

/** The invariants that are on, and the bug that is planted. */
const planted = PLANTED_BUGS.find(({ name }) => name === given.planted);
if (given.planted !== undefined && !planted) throw new Error(`there is no planted bug "${given.planted}"`);
const invariants: readonly InvariantId[] = planted ? [planted.caughtBy] : INVARIANT_IDS;
/** A planted bug that so many runs do not show is not caught. */
const PLANTED_RUNS_MAX = 1000;

async function main(): Promise<void> {
  if (given.help) return console.log(HELP);
  const workers = Number(given.workers);
  const single = given.plan !== undefined || (given.seed !== undefined && given.seeds === undefined && !given.pairs);
  const report = workers > 1 && !single && !planted ? await share(workers) : await work();
  written(given.json ? JSON.stringify(report) : inWords(report));
  process.exitCode = report.failures.length > 0 ? 1 : 0;
}

/** All of it, before the process exits: a pipe takes 64 KB at once, and refuses more until they are read. */
function written(said: string): void {
  for (let left = Buffer.from(`${said}\n`); left.length > 0;) {
    try {
      left = left.subarray(writeSync(process.stdout.fd, left));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    }
  }
}

/** The same search in several processes, each with its part of it. */
async function share(workers: number): Promise<Report> {
  const report = emptyReport();
  const parts = Array.from({ length: workers }, async (_, n) => {
    const options = [...process.argv.slice(2), "--json", "--workers", "1", "--shard", `${n}/${workers}`];
    const child = spawn(process.execPath, [ROOM_FOR_THE_YOUNG, fileURLToPath(import.meta.url), ...options], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [printed] = await Promise.all([text(child.stdout), once(child, "close")]);
    if (printed === "") throw new Error(`part ${n} has ended without a report`);
    merge(report, JSON.parse(printed) as Report);
  });
  await Promise.all(parts);
  return report;
}

async function work(): Promise<Report> {
  const report = emptyReport();
  const startedAt = performance.now();
  const stage = await setStage(planted);
  const run = runner(stage, invariants);
  // The first runs read the SDK's settings from the disk, which takes real time: they do not count.
  for (let n = 0; n < 2; n++) await run({ ...planOf(n), schedule: "calm", faults: [] });
  const [part = 0, parts = 1] = (given.shard ?? "0/1").split("/").map(Number);
  let number = 0;
  for await (const plan of plans(run)) {
    if (number++ % parts !== part) continue;
    const made = await run(plan);
    count(report, made);
    if (made.violation) report.failures.push(await failure(run, made));
    if ((given.seed ?? given.plan) !== undefined && given.seeds === undefined) console.log(made.trace().join("\n"));
    if (report.failures.length > 0 && (planted || report.failures.length >= FAILURES_SHOWN)) break;
    if (planted && report.runs >= PLANTED_RUNS_MAX) break;
  }
  report.seconds = (performance.now() - startedAt) / 1000;
  return report;
}
const FAILURES_SHOWN = 5;

async function* plans(run: Runner): AsyncGenerator<Plan> {
  const seed = Number(given.seed ?? 1);
  if (given.plan !== undefined) yield JSON.parse(given.plan) as Plan;
  else if (given.singles) yield* await singles(run, given.story, Number(given["one-in"]));
  else if (given.pairs) yield* pairs(run, given.count === undefined ? "all" : { count: Number(given.count), seed });
  else if (planted) yield* plansToShow(run, planted);
  else yield* seeds(seed, Number(given.seeds ?? 1));
}

function* seeds(first: number, count: number): Generator<Plan> {
  for (let n = 0; n < count; n++) yield planOf(first + n);
}

/** First what is likely to show the bug, then whatever comes. */
async function* plansToShow(run: Runner, { shownBy, shownAfter }: PlantedBug): AsyncGenerator<Plan> {
  if (shownBy) yield* everywhere(run, shownBy, shownAfter);
  yield* seeds(1, Infinity);
}

async function failure(run: Runner, failed: Run) {
  const shortest = planted ? failed : await shrink(run, failed);
  const { violation, plan, struck } = shortest;
  if (!violation) throw new Error("a failure without a violation");
  const command = `npm run simulate -- --plan '${JSON.stringify({ ...plan, faults: struck })}'`;
  return { message: violation.message, invariant: violation.invariant, trace: shortest.trace(), command };
}

await main();
// Timers of the last run may still be set in virtual time; nothing of it is worth waiting for.
process.exit();
