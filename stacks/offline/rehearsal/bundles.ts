// Each function as it will be deployed: its zip laid out, its handler loaded there in a separate process, its pages requested.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { layOutZip } from "../bundle.ts";
import type { Graph } from "../graph.ts";
import { at, functionsOf, type GraphFunction } from "../resources.ts";

/** Lambda quotas: "Deployment package (.zip file archive) size: 250 MB, the contents unzipped". */
const UNZIPPED_BYTES = 250 * 1024 * 1024;
/** What people open first. `/` names its script and its style, which are asked for too. */
const PAGES = ["/", "/docs", "/openapi.json", "/client.js"];
const CONSOLE = "serve-console";

/** Run beside the bundle. Node 24 takes a handler of an event and a context, and no callback (AWS: "Node.js 24 runtime"). */
const LOAD = `
const { pathToFileURL } = await import("node:url");
const [file, pages] = process.argv.slice(1);
const { handler } = await import(pathToFileURL(file).href);
if (typeof handler !== "function") throw new Error("its bundle has no handler");
if (handler.length > 2) throw new Error("its handler takes a callback, which Node 24 does not give");
const get = async (path) => {
  const http = { method: "GET", path };
  const event = { version: "2.0", routeKey: "GET " + path, rawPath: path, rawQueryString: "", headers: {}, isBase64Encoded: false, requestContext: { requestId: "r", http } };
  const { statusCode, body } = await handler(event, { functionName: "rehearsal", awsRequestId: "r", getRemainingTimeInMillis: () => 20000 });
  if (statusCode !== 200) throw new Error("GET " + path + " is answered with " + statusCode + " from its zip");
  return body;
};
for (const path of JSON.parse(pages)) {
  const assets = (await get(path)).match(/\\/assets\\/[\\w-]+\\.\\w+/g) ?? [];
  for (const asset of new Set(assets)) await get(asset);
}
process.exit(0);
`;

/** What is wrong with any bundle, as a sentence: it is laid out, loaded and, where it serves pages, asked for them. */
export async function bundleFaults(graph: Graph, functions: GraphFunction[] = functionsOf(graph)): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "rehearsal-"));
  try {
    const faults: string[] = [];
    const left = functions.values();
    const workOn = async () => {
      for (const fn of left) faults.push(...(await faultsOf(fn, join(directory, fn.name))));
    };
    await Promise.all(Array.from({ length: availableParallelism() }, workOn));
    return faults.sort();
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function faultsOf({ name, build, environment, lambda }: GraphFunction, root: string): Promise<string[]> {
  try {
    const { file } = await layOutZip(build, environment, root);
    const bytes = await bytesIn(root);
    if (bytes > UNZIPPED_BYTES)
      return [`${name}: its zip has ${bytes} bytes unzipped, Lambda takes ${UNZIPPED_BYTES}.`];
    const handler = String(at(lambda, "handler"));
    if (join(root, handler.replace(/\.\w+$/, ".mjs")) !== file) {
      return [`${name}: Lambda is told to call ${handler}, which is not in its zip.`];
    }
    const why = await run(file, root, { ...environment, LAMBDA_TASK_ROOT: root }, name === CONSOLE ? PAGES : []);
    return why === undefined ? [] : [`${name}: ${why}.`];
  } catch (error) {
    return [`${name}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** @returns why it failed, if it did */
async function run(
  file: string,
  cwd: string,
  environment: Record<string, string>,
  pages: string[],
): Promise<string | undefined> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", LOAD, file, JSON.stringify(pages)], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    // Nothing of this machine's own environment: what a function needs it has from the graph.
    env: {
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "none",
      AWS_SECRET_ACCESS_KEY: "none",
      POWERTOOLS_LOG_LEVEL: "WARN",
      ...environment,
    },
    timeout: 60_000,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += String(chunk)));
  await once(child, "close");
  if (child.exitCode === 0) return undefined;
  const [, why] = /^(?:Uncaught )?\w*Error[^:\n]*: (.+)$/m.exec(output) ?? [];
  // What the handler itself has logged says more than the status that it answered with.
  const [, cause] = /"error":"Error: ([^"]+?)\.?"/.exec(output) ?? [];
  return [why ?? (output.slice(-500) || `it ended with ${child.signalCode ?? child.exitCode}`), cause]
    .filter((it) => it !== undefined)
    .join(": ");
}

/** Without what is linked in place of packages that a deploy installs. */
async function bytesIn(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
