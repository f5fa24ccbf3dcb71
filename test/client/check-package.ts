// `npm run client:check`: the packed client on other runtimes, through other bundlers, and before the linters of packages. It asks
// the registry for them (200 MB), which no test does: before a release, once.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DONE, run, strangersApi, strangersProject } from "./packed.ts";

const TOOLS = {
  "@arethetypeswrong/cli": "0.18.5",
  bun: "1.4.5",
  deno: "2.9.6",
  node18: "npm:node@18",
  node20: "npm:node@20",
  node22: "npm:node@22",
  node24: "npm:node@24",
  publint: "0.3.25",
  vite: "8.4.0",
  webpack: "5.113.0",
};
/** These bring their program by a script of their own. */
const WITH_SCRIPTS = { bun: true, deno: true, node: true };

const VITE = `import { build } from "vite";
await build({ logLevel: "error", build: { ssr: "run.mjs", outDir: "by-vite", target: "es2022", rolldownOptions: { output: { entryFileNames: "run.mjs" } } }, ssr: { noExternal: true } });`;
const WEBPACK = `import webpack from "webpack";
const stats = await new Promise((resolve, reject) => webpack({
  mode: "production", entry: "./run.mjs", target: "node", experiments: { outputModule: true },
  output: { path: process.cwd() + "/by-webpack", filename: "run.mjs", module: true },
}, (error, done) => (error ? reject(error) : resolve(done))));
if (stats.hasErrors()) throw new Error(stats.toString());`;

const project = await strangersProject();
const api = await strangersApi();
const { directory, tarball } = project;
const bin = (name: string) => join(directory, "node_modules/.bin", name);
const node = (version: number) => join(directory, `node_modules/node${version}/bin/node`);
const inside = (command: string, ...words: string[]) => run(command, words, { cwd: directory, maxBuffer: 1 << 24 });
let faults = 0;

/** One line for what was tried. */
async function check(
  name: string,
  expected: string | undefined,
  attempt: () => Promise<{ stdout: string }>,
): Promise<void> {
  const before = api.starts();
  const said = await attempt().then(
    ({ stdout }) => stdout.trim(),
    (error: Error & { stdout?: string }) => `failed: ${error.stdout ?? ""}${error.message}`,
  );
  const isFine = expected === undefined ? !said.startsWith("failed") : said === expected;
  const starts = expected === undefined ? "" : `, ${api.starts() - before} started`;
  if (!isFine) faults++;
  console.log(`${isFine ? "good " : "FAULT"} ${name}${starts}${isFine ? "" : `\n${said}`}`);
}

try {
  await project.write(
    "package.json",
    JSON.stringify({
      name: "stranger",
      private: true,
      type: "module",
      dependencies: { "kling-media-client": `file:${tarball}`, ...TOOLS },
      allowScripts: WITH_SCRIPTS,
    }),
  );
  await inside("npm", "install", "--no-audit", "--no-fund");
  await check("publint", undefined, () => inside(bin("publint"), "--strict", tarball));
  await check("are the types wrong", undefined, () => inside(bin("attw"), tarball, "--profile", "esm-only"));

  for (const version of [20, 22, 24])
    await check(`Node ${version}`, DONE, () => inside(node(version), "run.mjs", api.url));
  await check("Node 18, which is too old and told so", "old_runtime", () => inside(node(18), "run.mjs", api.url));
  await check("Bun", DONE, () => inside(bin("bun"), "run.mjs", api.url));
  await check("Deno", DONE, () =>
    inside(bin("deno"), "run", "--allow-net", "--allow-read", "--node-modules-dir=manual", "run.mjs", api.url),
  );

  await project.write("vite.mjs", VITE);
  await project.write("webpack.mjs", WEBPACK);
  for (const bundler of ["vite", "webpack"]) {
    await check(`through ${bundler}`, DONE, async () => {
      await inside(node(24), `${bundler}.mjs`);
      return inside(node(20), `by-${bundler}/run.mjs`, api.url);
    });
  }
} finally {
  api.close();
  await rm(directory, { recursive: true, force: true });
}
process.exitCode = faults === 0 ? 0 : 1;
