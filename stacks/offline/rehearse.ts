// `npm run rehearse [-- graph.json] [--stage production]`: what AWS would refuse of a deploy, as far as it can be known without AWS.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { buildWeb } from "../web/build.ts";
import type { Graph } from "./graph.ts";
import { ROOT } from "./platform.ts";
import { bundleFaults } from "./rehearsal/bundles.ts";
import { nameFaults } from "./rehearsal/names.ts";
import { permissionFaults } from "./rehearsal/permissions.ts";
import { quotaFaults } from "./rehearsal/quotas.ts";
import { referenceFaults } from "./rehearsal/references.ts";

const USAGE = `npm run rehearse [-- graph.json] [--stage production]
  graph.json  a graph of npm run synth; without one the stage is drawn
  --stage     the stage to draw, default "production"`;

/** A separate process, because Pulumi keeps its runtime in globals. */
async function draw(stage: string): Promise<Graph> {
  const directory = await mkdtemp(join(tmpdir(), "rehearse-"));
  const file = join(directory, "graph.json");
  try {
    const { stderr } = await promisify(execFile)(
      process.execPath,
      [join(ROOT, "stacks/offline/synth.ts"), file, "--stage", stage],
      { cwd: ROOT },
    );
    process.stderr.write(stderr);
    return await read(file);
  } finally {
    await rm(directory, { recursive: true });
  }
}

const read = async (file: string) => JSON.parse(await readFile(file, "utf8")) as Graph;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { stage: { type: "string", default: "production" } },
  });
  const [file] = positionals;
  if (positionals.length > 1) throw new Error(USAGE);
  // A graph has the console's files in it: they have to be there before it is drawn.
  await buildWeb();
  const graph = file === undefined ? await draw(values.stage) : await read(file);

  const checks: [what: string, faults: string[]][] = [
    ["names within AWS's limits", nameFaults(graph)],
    ["sizes and counts within AWS's quotas", quotaFaults(graph)],
    ["whatever is named is made", referenceFaults(graph)],
    ["each may call the next", permissionFaults(graph)],
    [`${graph.functions.length} bundles load from their zips and serve their pages`, await bundleFaults(graph)],
  ];
  for (const [what, faults] of checks) {
    console.log(`${faults.length === 0 ? "ok  " : "FAIL"} ${what}`);
    for (const fault of faults) console.log(`     ${fault}`);
  }
  const count = checks.reduce((sum, [, faults]) => sum + faults.length, 0);
  console.log(
    `${graph.resources.length} resources of ${graph.app.name}-${graph.app.stage}: ${count === 0 ? "nothing found" : `${count} faults`}`,
  );
  return count === 0 ? 0 : 1;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
