// The graph that SST would deploy: the real run() of sst.config.ts over SST's real components, with Pulumi's mock monitor
// where the engine would be. No account, no network, no state. One graph a process: Pulumi keeps its runtime in globals.
import crypto from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import * as z from "zod";
import { mockAws, OFFLINE_PLACE, type Mocked } from "./mock-aws.ts";
import { PLATFORM, ROOT } from "./platform.ts";
import { startCliStandIn } from "./cli-stand-in.ts";
import type { FunctionBuild } from "./function-build.ts";

export interface GraphResource {
  type: string;
  name: string;
  /** Made at the provider; false for a component that only groups others. */
  custom: boolean;
  inputs: Record<string, unknown>;
  /** Where in `inputs` Pulumi keeps a value encrypted. */
  secretPaths: string[];
  /** `type::name` of the component that made it. */
  parent?: string;
  dependsOn: string[];
  protect?: true;
  retainOnDelete?: true;
}

export interface Graph {
  app: { name: string; stage: string; removal: string; protect: boolean };
  outputs: Record<string, unknown>;
  resources: GraphResource[];
  /** What SST bundles, and the links that each bundle gets. */
  functions: FunctionBuild[];
}

export interface GraphOptions {
  stage: string;
  /** As `sst secret set` would keep them. */
  secrets: Record<string, string>;
  /** As `sst dev` would make it. */
  dev?: boolean;
  region?: string;
  accountId?: string;
}

const appSchema = z.looseObject({
  name: z.string(),
  home: z.string(),
  removal: z.string().default("retain"),
  protect: z.boolean().default(false),
  providers: z.record(z.string(), z.union([z.string(), z.looseObject({})])).default({}),
});
const configSchema = z.object({
  app: z.custom<(input: { stage: string }) => unknown>((it) => typeof it === "function"),
});
const programSchema = z.object({ start: z.custom<() => Promise<unknown>>((it) => typeof it === "function") });

/** @throws what run() throws, with its own message */
export async function resourceGraph({
  stage,
  secrets,
  dev = false,
  region = OFFLINE_PLACE.region,
  accountId = OFFLINE_PLACE.accountId,
}: GraphOptions): Promise<Graph> {
  const bundles: string[] = [];
  const bundle = async (name: string, source: string, more: Record<string, unknown>) => {
    const file = join(PLATFORM, `${name}.${process.pid}.mjs`);
    bundles.push(file, `${file}.map`);
    await bundleForSst(file, source, more);
    return file;
  };
  if (!existsSync(PLATFORM)) throw new Error("SST's platform is not installed: npm run platform");
  // A separate one, so that several graphs may be drawn at once.
  const work = mkdtempSync(join(tmpdir(), "resource-graph-"));
  const physicalNames = fixedPhysicalNames();
  const cli = await startCliStandIn({ root: ROOT, artifact: emptyArtifact(work), accountId });
  const workingDirectory = process.cwd();
  try {
    const config = configSchema.parse(
      await defaultExport(await bundle("app", configSource(), { banner: CONFIG_BANNER })),
    );
    const app = { ...appSchema.parse(await config.app({ stage })), stage };

    process.env["SST_SERVER"] = cli.url;
    // Read by sst.config.ts: what only an account or an issuer knows is not asked.
    process.env["OFFLINE_GRAPH"] = "1";
    process.env["SST_AWS_REGION"] = region;
    for (const [name, value] of Object.entries(secrets)) process.env[`SST_SECRET_${name}`] = value;

    const program = await bundle("run", programSource(), {
      banner: BANNER,
      define: {
        $app: JSON.stringify({ ...app, providers: providersOf(app) }),
        $cli: JSON.stringify(cliFacts(work, dev)),
        $dev: JSON.stringify(dev),
      },
      inject: [join(PLATFORM, "src/shim/run.js")],
      plugins: [sstGlobals()],
    });
    const { resources, outputs } = await record(program, { app, region, accountId });
    return {
      app: { name: app.name, stage, removal: app.removal, protect: app.protect },
      outputs,
      resources,
      functions: cli.builds,
    };
  } finally {
    process.chdir(workingDirectory);
    physicalNames.restore();
    await cli.close();
    for (const file of [...bundles, work]) rmSync(file, { force: true, recursive: true });
  }
}

/** The CommonJS names that SST's components expect of the bundle they are in. */
const BANNER = `
import { createRequire as requireFrom } from "node:module";
import { dirname as directoryOf } from "node:path";
const require = requireFrom(import.meta.url), __filename = import.meta.filename, __dirname = directoryOf(__filename);
`;
const CONFIG_BANNER = `${BANNER}\nconst $config = (config) => config;`;
/** Left to the platform's own node_modules. */
const EXTERNAL = [
  "@pulumi/*",
  "@pulumiverse/*",
  "@sst-provider/*",
  "@aws-sdk/*",
  "esbuild",
  "archiver",
  "glob",
  "undici",
  "vite",
];

const configSource = () => `export { default } from ${JSON.stringify(join(ROOT, "sst.config.ts"))};`;
const programSource = () => `
import { run } from ${JSON.stringify(join(PLATFORM, "src/auto/run.ts"))};
import config from ${JSON.stringify(join(ROOT, "sst.config.ts"))};
export const start = () => run(config.run);`;

interface Esbuild {
  build(options: Record<string, unknown>): Promise<unknown>;
}

const platformRequire = createRequire(join(PLATFORM, "package.json"));
/** The platform's packages have their types in the platform, which this file must not need. */
function platformPackage<T>(name: string): T {
  const loaded: T = platformRequire(name) as T;
  return loaded;
}

async function bundleForSst(outfile: string, source: string, more: Record<string, unknown>): Promise<void> {
  const { banner, ...options } = more;
  await platformPackage<Esbuild>("esbuild").build({
    stdin: { contents: source, resolveDir: ROOT, sourcefile: "graph.ts", loader: "ts" },
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    nodePaths: [join(PLATFORM, "node_modules")],
    external: EXTERNAL,
    sourcemap: "linked",
    logLevel: "error",
    banner: { js: banner },
    ...options,
  });
}

async function defaultExport(file: string): Promise<unknown> {
  const module = (await import(pathToFileURL(file).href)) as { default: unknown };
  return module.default;
}

/** `sst` and the providers are globals in sst.config.ts and in the stacks: each of our files imports them. */
function sstGlobals() {
  const providers = z
    .array(z.object({ alias: z.string(), package: z.string() }))
    .parse(JSON.parse(readFileSync(join(ROOT, ".sst/provider-lock.json"), "utf8")));
  const imports = [
    ...providers.map(({ alias, package: name }) => `import * as ${alias} from ${JSON.stringify(name)};`),
    `import * as sst from ${JSON.stringify(join(PLATFORM, "src/components"))};`,
  ].join("");
  return {
    name: "sst-globals",
    setup(build: {
      onLoad(
        on: { filter: RegExp },
        load: (file: { path: string }) => { contents: string; loader: string } | undefined,
      ): void;
    }) {
      build.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (path.startsWith(join(ROOT, ".sst")) || path.includes("/node_modules/")) return undefined;
        // On the same line, so that a stack trace keeps its line numbers.
        return { contents: imports + readFileSync(path, "utf8"), loader: "ts" };
      });
    },
  };
}

function providersOf(app: z.infer<typeof appSchema>) {
  const all = { [app.home]: {}, ...app.providers };
  return Object.fromEntries(
    Object.entries(all).map(([name, it]) => [name, typeof it === "string" ? { version: it } : it]),
  );
}

function cliFacts(work: string, dev: boolean) {
  const paths = { home: join(work, "home"), root: ROOT.replace(/\/$/, ""), work, platform: PLATFORM };
  return { command: dev ? "dev" : "deploy", dev, paths, state: { version: {} } };
}

/** SST ends physical names in eight random bytes; here they are the same in every graph. */
function fixedPhysicalNames() {
  const original = crypto.randomBytes;
  const fixed = (size: number, done?: (error: Error | null, bytes: Buffer) => void) =>
    done ? original(size, done) : size === 8 ? Buffer.alloc(8, 7) : original(size);
  Object.assign(crypto, { randomBytes: fixed });
  return { restore: () => void Object.assign(crypto, { randomBytes: original }) };
}

/** What SST zips in place of a bundle: laid out as one, and empty. A rehearsal makes the real ones. */
function emptyArtifact(work: string): string {
  const directory = join(work, "bundle");
  mkdirSync(directory);
  writeFileSync(join(directory, "bundle.mjs"), "export const handler = () => {};\n");
  return directory;
}

/** The parts of Pulumi's Node runtime that this needs. */
interface Pulumi {
  runtime: {
    setMocks(mocks: Mocked, project: string, stack: string, preview: boolean): Promise<void>;
    runInPulumiStack(program: () => Promise<unknown>): Promise<Record<string, unknown> | undefined>;
    waitForRPCs(): Promise<void>;
  };
}
interface RegisterRequest {
  getParent(): string;
  getDependenciesList(): string[];
  getProtect(): boolean;
  getRetainondelete(): boolean;
}
type Register = (this: unknown, request: RegisterRequest, callback: unknown) => unknown;

async function record(
  program: string,
  { app, region, accountId }: { app: { name: string; stage: string }; region: string; accountId: string },
): Promise<{ resources: GraphResource[]; outputs: Record<string, unknown> }> {
  const { runtime } = platformPackage<Pulumi>("@pulumi/pulumi");
  const { MockMonitor } = platformPackage<{ MockMonitor: { prototype: { registerResource: Register } } }>(
    "@pulumi/pulumi/runtime/mocks",
  );

  // The mocks are not told of parents and options; the request that comes right before each of them holds these.
  let request: RegisterRequest | undefined;
  const { registerResource } = MockMonitor.prototype;
  MockMonitor.prototype.registerResource = function (asked, callback) {
    request = asked;
    return registerResource.call(this, asked, callback);
  };
  const resources: GraphResource[] = [];
  const mocks = mockAws({ region, accountId }, ({ type, name, custom, inputs }) => {
    const secretPaths: string[] = [];
    const parent = request?.getParent();
    resources.push({
      type,
      name,
      custom,
      inputs: z.record(z.string(), z.unknown()).parse(plainInputs(inputs, "", secretPaths)),
      secretPaths,
      ...(parent ? { parent: shortUrn(parent) } : {}),
      dependsOn: request?.getDependenciesList().map(shortUrn) ?? [],
      ...(request?.getProtect() ? { protect: true } : {}),
      ...(request?.getRetainondelete() ? { retainOnDelete: true } : {}),
    });
  });
  await runtime.setMocks(mocks, app.name, app.stage, false);

  // A failed apply() leaves its call pending for ever; Pulumi's own runner ends at the first unhandled rejection, and so do we.
  const failure = Promise.withResolvers<never>();
  const fail = (reason: unknown) => failure.reject(reason instanceof Error ? reason : new Error(String(reason)));
  process.on("unhandledRejection", fail);
  try {
    const { start } = programSchema.parse(await import(pathToFileURL(program).href));
    const ended = async () => {
      const outputs = await runtime.runInPulumiStack(start);
      // An apply() may make resources when others are there: done when a round brings none.
      for (let before = -1; before !== resources.length;) {
        before = resources.length;
        await runtime.waitForRPCs();
        await sleep(20);
      }
      return outputs ?? {};
    };
    const outputs = await Promise.race([ended(), failure.promise]);
    return { resources, outputs: z.record(z.string(), z.unknown()).parse(plainInputs(outputs, "", [])) };
  } finally {
    process.off("unhandledRejection", fail);
    MockMonitor.prototype.registerResource = registerResource;
  }
}

/** Marks Pulumi's wrapped values (`sdk/nodejs/runtime/rpc.ts`); secrets among them. */
const SPECIAL = "4dabf18193072939515e22adb298388d";

function plainInputs(value: unknown, path: string, secretPaths: string[]): unknown {
  if (Array.isArray(value)) return value.map((item, n) => plainInputs(item, `${path}[${n}]`, secretPaths));
  if (typeof value !== "object" || value === null) return value;
  if (SPECIAL in value) {
    if (!("value" in value)) return undefined;
    secretPaths.push(path);
    return plainInputs(value.value, path, secretPaths);
  }
  if ("__pulumiAsset" in value) return "<asset>";
  if ("__pulumiOutput" in value) return "<output>";
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, plainInputs(item, path ? `${path}.${key}` : key, secretPaths)]),
  );
}

/** `urn:pulumi:stage::app::type::name` -> `type::name`. */
function shortUrn(urn: string): string {
  return urn.split("::").slice(2).join("::");
}
