import { startServer, runProgram, temporaryDirectory } from "./processes.ts";
import { TURNS, RECORDING, NO_KEY } from "./start-path/recording.ts";
import { writeFile } from "node:fs/promises";
const [which = "machine", key = "no", turns = "16"] = process.argv.slice(2);
await using d = await temporaryDirectory();
const rec = await runProgram(
  { file: "test/bench/start-path/record.ts", args: [d.path + "/r", key === "yes" ? "recorded-key" : NO_KEY] },
  {},
  RECORDING,
);
await writeFile(d.path + "/rec.json", JSON.stringify(rec));
console.error(rec.calls.map((c) => c.target + " " + c.body.length));
{
  await using s = await startServer({
    file: `test/bench/start-path/${which}.ts`,
    args: [d.path + "/m", d.path + "/rec.json"],
    flags: ["--cpu-prof", "--cpu-prof-dir=/tmp/bencha/prof", `--cpu-prof-name=${which}.cpuprofile`],
  });
  const load = (t: number) =>
    runProgram(
      { file: "test/bench/start-path/load.ts" },
      { urls: [s.url], withKey: key === "yes", turns: t, seconds: 0.5, callers: 8 },
      TURNS,
    );
  await load(6);
  const b = await s.cpuMs();
  const r = await load(Number(turns));
  const n = r[0]!.flatMap((t) => t.latenciesMs).length;
  console.error(which, n, "starts", ((await s.cpuMs()) - b) / n, "ms each");
}
