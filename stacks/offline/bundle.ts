// A function as SST bundles it and lays it out in its zip: esbuild with the options of SST's own builder (sst/sst,
// pkg/runtime/node/build.go), for production, and what SST's Function component puts beside it.
import crypto from "node:crypto";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import * as z from "zod";
import { NOT_BUNDLED } from "../blueprint/functions.ts";
import type { FunctionBuild } from "./function-build.ts";
import { ROOT } from "./platform.ts";

/** Whatever the handler's file is called and however deep it lies, its bundle lies at the root of the zip under this name. */
const BUNDLE = "bundle";

/** SST puts these first lines into every ESM bundle: packages written for CommonJS need the names. */
const BANNER = [
  `import { createRequire as topLevelCreateRequire } from 'module';`,
  `const require = topLevelCreateRequire(import.meta.url);`,
  `import { fileURLToPath as topLevelFileUrlToPath, URL as topLevelURL } from "url"`,
  `const __filename = topLevelFileUrlToPath(import.meta.url)`,
  `const __dirname = topLevelFileUrlToPath(new topLevelURL(".", import.meta.url))`,
].join("\n");
/** Never bundled: native code, installed beside the bundle where a function asks for it. */
const NATIVE = ["sharp", "pg-native"];

/** `functions/api/enhance-media.handler` -> `bundle.handler`: what Lambda is told to call. */
export function bundledHandler(handler: string): string {
  return handler.replace(/^.*\./, `${BUNDLE}.`);
}

export interface Bundle {
  /** The module that Lambda loads. */
  file: string;
  /** Bytes of what is read at a cold start, and of what is read on demand. */
  entryBytes: number;
  chunkBytes: number;
  /** Every file that it is made of, from the project's root. */
  sources: string[];
  /** What the bytes are of, packages and our own folders, the largest first. */
  contents: { name: string; bytes: number }[];
}

/** @param handler `functions/api/enhance-media.handler`, or an absolute path of one */
export async function bundleHandler(
  handler: string,
  outdir: string,
  { minify = true, splitting = true, install = [] as string[] } = {},
): Promise<Bundle> {
  const source = handler.replace(/\.[^.]*$/, ".ts");
  const entry = `${BUNDLE}.mjs`;
  const { metafile } = await build({
    absWorkingDir: ROOT,
    nodePaths: [join(ROOT, "node_modules")],
    entryPoints: [source],
    outdir,
    entryNames: BUNDLE,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "esnext",
    mainFields: ["module", "main"],
    keepNames: true,
    metafile: true,
    splitting,
    minify,
    external: [...NATIVE, ...install, ...NOT_BUNDLED],
    banner: { js: BANNER },
    logLevel: "error",
  });
  const outputs = Object.entries(metafile.outputs);
  const [path, entryOutput] = outputs.find(([file]) => file.endsWith(entry)) ?? [];
  if (path === undefined || !entryOutput) throw new Error(`${handler} made no ${entry}.`);
  const atStart = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return seen;
    seen.add(file);
    for (const { path: next, kind } of metafile.outputs[file]?.imports ?? []) {
      if (kind === "import-statement") atStart(next, seen);
    }
    return seen;
  };
  const first = atStart(path);
  const bytes = (files: [string, { bytes: number }][]) => files.reduce((sum, [, it]) => sum + it.bytes, 0);
  return {
    file: join(outdir, entry),
    entryBytes: bytes(outputs.filter(([file]) => first.has(file))),
    chunkBytes: bytes(outputs.filter(([file]) => !first.has(file))),
    sources: Object.keys(metafile.inputs),
    contents: contentsOf(metafile),
  };
}

const propertiesSchema = z.object({
  minify: z.boolean(),
  splitting: z.boolean(),
  install: z.union([z.array(z.string()), z.record(z.string(), z.string()).transform(Object.keys)]).default([]),
});
/** SST encrypts a function's links with AES-256 under a key that the function finds in its environment. */
const LINKS_KEY_BYTES = 32;

/**
 * Lays out in `root` what lies in Lambda's task root: the bundle, its encrypted links, the packages that are installed beside it
 * (those of this machine in place of the ones for arm64), and the files that are copied.
 * @throws Error for a key of SST's that this does not know, and for a file to copy that is not there
 */
export async function layOutZip(
  { handler, properties, links, copyFiles }: FunctionBuild,
  environment: Record<string, string>,
  root: string,
): Promise<Bundle> {
  const { install, ...options } = propertiesSchema.parse(properties);
  const bundle = await bundleHandler(handler, root, { ...options, install });
  await installBeside(install, root);
  for (const { from, to } of copyFiles) await cp(join(ROOT, from), join(root, to), { recursive: true });

  const key = Buffer.from(environment["SST_KEY"] ?? "", "base64");
  if (key.length !== LINKS_KEY_BYTES) throw new Error(`SST's key for the links of ${handler} has changed its size.`);
  const cipher = crypto.createCipheriv("aes-256-gcm", key, Buffer.alloc(12));
  const encrypted = Buffer.concat([cipher.update(JSON.stringify(links)), cipher.final(), cipher.getAuthTag()]);
  await writeFile(join(root, z.string().parse(environment["SST_KEY_FILE"])), encrypted);
  return bundle;
}

/** As `npm install` beside a bundle would lay them, without a registry. */
export async function installBeside(packages: readonly string[], root: string): Promise<void> {
  for (const name of packages) {
    await mkdir(join(root, "node_modules"), { recursive: true });
    await symlink(join(ROOT, "node_modules", name), join(root, "node_modules", name));
  }
}

function contentsOf({ outputs }: Metafile): Bundle["contents"] {
  const sums = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) {
      const name = partOf(file);
      sums.set(name, (sums.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...sums].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => b.bytes - a.bytes);
}

/** The package of an input, by the last `node_modules` in its path; of our own files the folder. */
function partOf(file: string): string {
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file) ?? [];
  return name ?? file.replace(/\/[^/]*$/, "");
}
