// docs/capacity.md, computed: what one generation asks of each service, times how many there are, held against published quotas.
import { format } from "prettier";
import { EVERYBODYS_SHARDS, LOANS } from "../../../shared/adapters/dynamo-shards.ts";
import { figure } from "../table.ts";
import counts from "./counts.json" with { type: "json" };
import quotas from "./quotas.json" with { type: "json" };

const STEPS = [1e3, 1e4, 1e5, 1e6, 1e7];
const DAY_SECONDS = 86_400;

/** What one start asks of a service, all told; with so many starts a second, so much a second (or so many at once). */
type Load = keyof typeof counts.each | "starts" | "inFlight" | "shardInFlight" | "gateReads" | AccountLoad;
type AccountLoad = "accountUnits" | "shardUnits";

/** An account keeps what is open (shared/adapters/account-item.ts), and is written by a start and by an end. */
const ACCOUNT = { bytesPerOpen: 200, writes: 2 };
/** The deployment's account is so many items. */
const SHARDS = EVERYBODYS_SHARDS.length;
/** The kill switch is read by a start, and twice by a submit. */
const GATE_READS = 3;

function perStart(load: Load): number {
  if (load === "starts") return 1;
  if (load === "gateReads") return GATE_READS;
  if (load === "shardInFlight") return quotas.secondsInFlight / SHARDS;
  const units = (ACCOUNT.writes * ACCOUNT.bytesPerOpen * quotas.secondsInFlight) / 1024;
  if (load === "accountUnits") return units;
  // A shard has its part of the starts and its part of what is open.
  if (load === "shardUnits") return units / SHARDS ** 2;
  return load === "inFlight" ? quotas.secondsInFlight : counts.each[load];
}

interface Limit {
  name: string;
  per: Load;
  quota: number;
  page: string;
  lift: string;
}

/** Data of ours: a misspelt load would be NaN in the document. */
function isLoad(name: string): name is Load {
  const ours = ["starts", "inFlight", "shardInFlight", "gateReads", "accountUnits", "shardUnits"];
  return ours.includes(name) || Object.hasOwn(counts.each, name);
}

const LIMITS: Limit[] = quotas.limits.map(({ per, ...limit }) => {
  if (!isLoad(per)) throw new Error(`test/bench/capacity/counts.json does not count ${per}`);
  return { ...limit, per };
});

/** Starts a second in the busiest hour. */
const peakStarts = (perDay: number) => (perDay / DAY_SECONDS) * quotas.peakOverAverage;
/** Generations a day at whose peak a limit is reached. */
function reachedAt({ per, quota }: Limit): number {
  const starts = quota / perStart(per);
  // Twice the starts write an item of twice the size.
  return ((isSquare(per) ? Math.sqrt(starts) : starts) / quotas.peakOverAverage) * DAY_SECONDS;
}

function isSquare(load: Load): load is AccountLoad {
  return load === "accountUnits" || load === "shardUnits";
}

function stepRow(perDay: number): string[] {
  const starts = peakStarts(perDay);
  const load = (name: Load) => figure(starts * perStart(name));
  const reached = LIMITS.filter((limit) => reachedAt(limit) <= perDay).sort((a, b) => reachedAt(a) - reachedAt(b));
  return [
    `10^${Math.log10(perDay)}`,
    figure(starts),
    load("inFlight"),
    load("transitions"),
    load("functionSeconds"),
    load("writeUnits"),
    load("busEvents"),
    load("httpRequests"),
    reached.map(({ name }) => name).join("; ") || "none",
  ];
}

function limitRow(limit: Limit): string[] {
  const { name, per, quota, page, lift } = limit;
  const where = page.startsWith("https://") ? `[AWS](${page})` : page;
  const each = isSquare(per) ? `${figure(perStart(per))} times the starts a second` : figure(perStart(per));
  return [name, each, String(quota), rounded(reachedAt(limit)), lift, where];
}

/** Two digits: no forecast of traffic is more precise. */
function rounded(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en-US");
}

function table(headings: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}

/** The whole document, formatted as the repository formats its documents. */
export async function capacityDocument(): Promise<string> {
  const byReach = [...LIMITS].sort((a, b) => reachedAt(a) - reachedAt(b));
  const text = `# Capacity

<!-- Written by \`npm run capacity\`: change test/bench/capacity, not this file. -->

What is asked of each service, from 10^3 to 10^7 generations a day, and which limit is reached first. Counted: a render of ${counts.renderSeconds} s with the webhook on, one run of the real functions and the real state machine in virtual time (\`npm run bench -- cost\`). Published: quotas of ${quotas.region} as of ${quotas.asOf}, without any increase. Assumed: the busiest hour has ${quotas.peakOverAverage} times the average, and a generation is in flight for ${quotas.secondsInFlight} s.

## Step by step

In the busiest hour, per second or at once:

${table(
  [
    "a day",
    "starts/s",
    "in flight",
    "transitions/s",
    "Lambdas at once",
    "write units/s",
    "events/s",
    "API requests/s",
    "limits reached, the first one first",
  ],
  STEPS.map(stepRow),
)}

## Limit by limit

${table(
  ["limit", "asked for by one start", "quota", "reached at, a day", "what lifts it", "said by"],
  byReach.map(limitRow),
)}

## What does not grow with it

- The sweeper looks at what is due, at most 500 records a minute; 16 queries a minute find nothing when nothing is stuck.
- A record is one partition key per space: no item is written by two generations, except the accounts of tenants and of the deployment, and those only where a cap or a rate is set.
- The deployment's account, where \`GLOBAL_MONTHLY_CAP_USD\` is set, is ${SHARDS} shards and one item that lends them the cap in small parts: at most 1/${LOANS} of what is left at a time, so no start writes that item but when its shard has run out. What it costs in strictness: nothing is ever spent beyond the cap, and a start is refused only after every shard has been asked to return what it does not need; until then a refusal of one shard is not the answer. A start that finds 1,000 open in one shard goes to the next.
- Nothing is dropped at any of these limits: Step Functions delays, the sweeper starts what could not be started, the outbox keeps what the bus refused, and fal queues. What grows is the wait.
`;
  return format(text, { parser: "markdown", printWidth: 120 });
}
