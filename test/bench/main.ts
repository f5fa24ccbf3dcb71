// `npm run bench`: measures this project beside what people would use instead, and says whether the goals are met.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { PARTS, measureOf } from "./parts.ts";
import { inWords, missed, thisMachine, type Report, type Row } from "./table.ts";

const HELP = `npm run bench -- [part ...] [how]
  parts: ${PARTS.join(", ")}; all of them unless named
  --quick      fewer of everything: minutes instead of a quarter of an hour, and rougher
  --json FILE  the rows as JSON too`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { quick: { type: "boolean", default: false }, json: { type: "string" }, help: { type: "boolean" } },
  });
  if (values.help) return console.log(HELP);
  const unknown = positionals.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`there is no part "${unknown}"\n${HELP}`);

  const { quick } = values;
  const rows: Row[] = [];
  for (const part of positionals.length > 0 ? positionals : PARTS) {
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
