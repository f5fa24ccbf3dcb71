// How fast a generation is accepted: `enhance` on the local machine beside the floor, a bare Node server that makes the very same
// calls to AWS and nothing else.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { runProgram, startServer, temporaryDirectory } from "./processes.ts";
import { NO_KEY, RECORDING } from "./start-path/recording.ts";
import { median, quantile, type Row } from "./table.ts";

const PART = "start-path";
const GOAL = 0.8;

/** A block of load on one of the two. */
export interface Block {
  perSecond: number;
  latenciesMs: number[];
}
const BLOCK = z.object({ perSecond: z.number(), latenciesMs: z.array(z.number()) });

/** Ours and the floor, block by block. */
export interface Blocks {
  ours: Block[];
  floor: Block[];
}

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const [pairs, seconds] = quick ? [4, 3] : [10, 5];
  const rows: Row[] = [];
  for (const withKey of [false, true]) rows.push(...rowsOf(withKey, await run(withKey, pairs, seconds)));
  return rows;
}

/** Ours, the floor, the floor, ours, and so on: what changes on the machine meanwhile changes for both. */
async function run(withKey: boolean, pairs: number, seconds: number): Promise<Blocks> {
  await using directory = await temporaryDirectory();
  const place = (name: string) => path.join(directory.path, name);
  const record = {
    file: "test/bench/start-path/record.ts",
    args: [place("record"), withKey ? "recorded-key" : NO_KEY],
  };
  await writeFile(place("recording.json"), JSON.stringify(await runProgram(record, {}, RECORDING)));

  await using machine = await startServer({ file: "test/bench/start-path/machine.ts", args: [place("machine")] });
  const floorArgs = [place("floor"), place("recording.json")];
  await using floor = await startServer({ file: "test/bench/start-path/floor.ts", args: floorArgs });
  const load = async ({ url }: { url: string }) =>
    runProgram({ file: "test/bench/start-path/load.ts" }, { url, withKey, seconds }, BLOCK);

  // What is compiled while it runs for the first time is not what is asked about.
  for (const server of [machine, floor]) await load(server);
  const blocks: Blocks = { ours: [], floor: [] };
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? (["ours", "floor"] as const) : (["floor", "ours"] as const);
    for (const name of order) blocks[name].push(await load(name === "ours" ? machine : floor));
  }
  return blocks;
}

/** The table's rows. Exported for its test. */
export function rowsOf(withKey: boolean, { ours, floor }: Blocks): Row[] {
  const about = withKey ? "enhance with an Idempotency-Key" : "enhance";
  const rate = (blocks: Block[]) => median(blocks.map(({ perSecond }) => perSecond));
  const latency = (blocks: Block[], q: number) =>
    quantile(
      blocks.flatMap(({ latenciesMs }) => latenciesMs),
      q,
    );
  const ratio = rate(ours) / rate(floor);
  const compared = (what: string, unit: string, value: number, beside: number): Row => ({
    part: PART,
    what: `${about}: ${what}`,
    value,
    unit,
    beside: { what: "bare server, same calls", value: beside },
    ratio: value / beside,
  });
  return [
    {
      ...compared("rate", "requests/s", rate(ours), rate(floor)),
      goal: `at least ${GOAL} of the floor's`,
      met: ratio >= GOAL,
    },
    compared("p50", "ms", latency(ours, 0.5), latency(floor, 0.5)),
    compared("p99", "ms", latency(ours, 0.99), latency(floor, 0.99)),
  ];
}
