// Cost per generation: what the real functions and the real definition ask of AWS, counted in virtual time, beside fal's price.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { billOf, CHEAPEST_KLING_USD, total, transitionsOf } from "./cost/bill.ts";
import type { Counted } from "./cost/main.ts";
import type { Row } from "./table.ts";

const PART = "cost";
const GOAL_SHARE = 0.005;
/** The goal is for this one, with everything on. */
const GOAL_RENDER_SECONDS = 105;
const MICRO = 1_000_000;

/** What each kind of generation asked of AWS. It is the same on every machine, but for the functions' own milliseconds. */
export async function countGenerations(): Promise<Counted[]> {
  const main = fileURLToPath(new URL("./cost/main.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main], { maxBuffer: 16 * 1024 * 1024 });
  return JSON.parse(stdout) as Counted[];
}

/** The same with `--quick`: it takes seconds. */
export async function measure(): Promise<Row[]> {
  return (await countGenerations()).flatMap(rowsOf);
}

function rowsOf({ renderSeconds, webhooks, counts }: Counted): Row[] {
  const what = `${renderSeconds} s, ${webhooks ? "webhook" : "polling alone"}`;
  const bill = billOf(counts);
  const usd = total(bill);
  const share = usd / CHEAPEST_KLING_USD;
  const isGoal = renderSeconds === GOAL_RENDER_SECONDS;
  const row: Row = {
    part: PART,
    what,
    value: usd,
    unit: "USD",
    beside: { what: "fal's cheapest Kling job", value: CHEAPEST_KLING_USD },
    ratio: share,
    ...(isGoal && { goal: `under ${GOAL_SHARE} of it`, met: share < GOAL_SHARE }),
  };
  if (!isGoal) return [row];
  const invocations = Object.values(counts.functions).reduce((sum, use) => sum + use.invocations, 0);
  const count = (name: string, value: number, unit: string): Row => ({
    part: PART,
    what: `${what}: ${name}`,
    value,
    unit,
  });
  return [
    row,
    count("states", transitionsOf(counts), "transitions"),
    count("functions", invocations, "invocations"),
    count("table, read", counts.readUnits, "units"),
    count("table, written", counts.writeUnits + counts.indexWriteUnits, "units"),
    count("files", counts.s3Reads + counts.s3Writes, "requests"),
    count("events", counts.busEvents, "events"),
    count("API", counts.httpRequests, "requests"),
    ...Object.entries(bill).map(([name, it]) => count(`of a million, ${name}`, it * MICRO, "USD")),
  ];
}
