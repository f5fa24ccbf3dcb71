// `npm run mutate -- <room>`: Stryker changes the room's code in small ways, and says which changes the quick lane does not notice.
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../stacks/offline/platform.ts";

/** Its own packages lie where no glob over the project's sources meets them. */
const TOOLS = join(ROOT, ".stryker/tools");
const STRYKER = join(TOOLS, "node_modules/@stryker-mutator");
/** Of a room's mutants, the quick lane shall notice at least so many in a hundred. */
const CAUGHT_PERCENT = 85;

const rooms = readdirSync(join(ROOT, "shared"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const [room = "", ...more] = process.argv.slice(2);
if (!rooms.some(({ name }) => name === room)) {
  console.error(`npm run mutate -- <room> [file ...]: the rooms are ${rooms.map(({ name }) => name).join(", ")}.`);
  process.exit(2);
}
if (!existsSync(STRYKER)) {
  for (const file of ["package.json", "package-lock.json", ".npmrc"]) {
    cpSync(join(import.meta.dirname, file), join(TOOLS, file));
  }
  execFileSync("npm", ["ci"], { cwd: TOOLS, stdio: "inherit" });
}

const directory = mkdtempSync(join(tmpdir(), "mutate-"));
const config = join(directory, "stryker.config.json");
const files = more.length > 0 ? more.map((name) => `shared/${room}/${name}.ts`) : [`shared/${room}/**/*.ts`];
writeFileSync(
  config,
  JSON.stringify({
    mutate: files,
    testRunner: "vitest",
    vitest: { configFile: "test/mutation/vitest.config.ts" },
    plugins: [join(STRYKER, "vitest-runner/dist/src/index.js")],
    coverageAnalysis: "perTest",
    ignoreStatic: true,
    ignorePatterns: [".sst", ".web*", ".local", ".client", ".screenshots"],
    tempDirName: ".stryker/sandbox",
    concurrency: 2,
    reporters: ["clear-text", "progress"],
    clearTextReporter: { allowColor: false, reportTests: false, logTests: false },
    thresholds: { break: CAUGHT_PERCENT, high: CAUGHT_PERCENT, low: CAUGHT_PERCENT },
  }),
);
const { status } = spawnSync(process.execPath, [join(STRYKER, "core/bin/stryker.js"), "run", config], {
  cwd: ROOT,
  stdio: "inherit",
});
rmSync(directory, { recursive: true });
process.exit(status ?? 1);
