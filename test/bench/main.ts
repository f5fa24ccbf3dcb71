// `npm run bench`: measures this project beside what people would use instead, and says whether the goals are met.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { inWords, missed, thisMachine, type Report, type Row } from "./table.ts";

const PARTS = ["detection-delay", "start-path", "cold-start", "warm-overhead", "cost", "scale"];

const HELP = `npm run bench -- [part ...] [how]
  parts: ${PARTS.join(", ")}; all of them unless named
  --quick      fewer of everything: minutes instead of a quarter of an hour, and rougher
  --json FILE  the rows as JSON too`;

type Measure = (options: { quick: boolean }) => Promise<Row[]>;

/** A part is a module beside this one that exports `measure`. */
async function measureOf(part: string): Promise<Measure> {
  const module = (await import(`./${part}.ts`)) as { measure: Measure };
  return module.measure;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, json: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) return console.log(HELP);
  const there = PARTS.filter((part) => existsSync(fileURLToPath(new URL(`./${part}.ts`, import.meta.url))));
  const unknown = positionals.find((part) => !there.includes(part));
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}"\n${HELP}`);

  const { quick } = values;
  const rows: Row[] = [];
  for (const part of positionals.length > 0 ? positionals : there) {
    const startedAt = performance.now();
    process.stderr.write(`${part} ...`);
    rows.push(...(await (await measureOf(part))({ quick })));
    process.stderr.write(` ${Math.round((performance.now() - startedAt) / 1000)} s\n`);
  }
  const report: Report = { machine: thisMachine(), measuredAt: new Date().toISOString(), quick, rows };
  console.log(inWords(report));
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  process.exitCode = missed(rows).length > 0 ? 1 : 0;
}

await main();
