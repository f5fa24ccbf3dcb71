// How fast a generation is accepted: `enhance` on the local machine beside the floor, a bare Node server that makes the very same
// calls to AWS and nothing else.
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { runProgram, startServer, temporaryDirectory } from "./processes.ts";
import { NO_KEY, RECORDING, TURNS, type Turn } from "./start-path/recording.ts";
import { median, quantile, type Row } from "./table.ts";

const PART = "start-path";
const GOAL = 0.8;

/** Enough to keep a server of one thread busy, few enough to keep its queue short. */
const CALLERS = 8;
/** Short, so that what else happens on the machine meanwhile happens to both. */
const TURN_SECONDS = 0.25;
/** What is compiled while it runs for the first time is not what is asked about. */
const WARM_UP_TURNS = 12;

/** What one of the two has done. */
export interface Measured {
  turns: Turn[];
  /** Of its processor, over all turns. */
  cpuMs: number;
}
const NOTHING: Measured = { turns: [], cpuMs: 0 };

export async function measure({ quick }: { quick: boolean }): Promise<Row[]> {
  const turns = quick ? 40 : 160;
  return [...(await run(false, turns)), ...(await run(true, turns))];
}

async function run(withKey: boolean, turns: number): Promise<Row[]> {
  await using directory = await temporaryDirectory();
  const place = (name: string) => path.join(directory.path, name);
  const recorded = await runProgram(
    { file: "test/bench/start-path/record.ts", args: [place("record"), withKey ? "recorded-key" : NO_KEY] },
    {},
    RECORDING,
  );
  await writeFile(place("recording.json"), JSON.stringify(recorded));

  await using machine = await startServer({ file: "test/bench/start-path/machine.ts", args: [place("machine")] });
  await using floor = await startServer({
    file: "test/bench/start-path/floor.ts",
    args: [place("floor"), place("recording.json")],
  });
  const load = (turns: number) => {
    const order = { urls: [machine.url, floor.url], withKey, turns, seconds: TURN_SECONDS, callers: CALLERS };
    return runProgram({ file: "test/bench/start-path/load.ts" }, order, TURNS);
  };
  await load(WARM_UP_TURNS);
  const cpuBefore = [await machine.cpuMs(), await floor.cpuMs()];
  const taken = await load(turns);
  const cpuAfter = [await machine.cpuMs(), await floor.cpuMs()];
  const [ours = NOTHING, theirs = NOTHING] = taken.map((taken, index): Measured => {
    return { turns: taken, cpuMs: (cpuAfter[index] ?? 0) - (cpuBefore[index] ?? 0) };
  });
  return rowsOf(
    `enhance${withKey ? " with an Idempotency-Key" : ""} (${recorded.calls.length} calls to AWS)`,
    ours,
    theirs,
  );
}

/** The table's rows. Exported for its test. */
export function rowsOf(about: string, ours: Measured, floor: Measured): Row[] {
  const rate = ({ turns }: Measured) => median(turns.map(({ perSecond }) => perSecond));
  const latencies = ({ turns }: Measured) => turns.flatMap(({ latenciesMs }) => latenciesMs);
  const ratio = rate(ours) / rate(floor);
  const compared = (what: string, unit: string, of: (measured: Measured) => number): Row => ({
    part: PART,
    what: `${about}: ${what}`,
    value: of(ours),
    unit,
    beside: { what: "bare server, same calls", value: of(floor) },
    ratio: of(ours) / of(floor),
  });
  return [
    { ...compared("rate", "requests/s", rate), goal: `at least ${GOAL} of the floor's`, met: ratio >= GOAL },
    compared("p50", "ms", (measured) => quantile(latencies(measured), 0.5)),
    compared("p99", "ms", (measured) => quantile(latencies(measured), 0.99)),
    compared("processor time", "ms", (measured) => measured.cpuMs / latencies(measured).length),
  ];
}
