// A handler as SST bundles it: esbuild with the options of SST's own builder (sst/sst, pkg/runtime/node/build.go), for production.
import { join } from "node:path";
import { build, type Metafile } from "esbuild";
import { NOT_BUNDLED } from "../../stacks/blueprint/functions.ts";
import { ROOT } from "../../stacks/offline/platform.ts";

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

/** @param handler `functions/api/enhance-media.handler` */
export async function bundleHandler(
  handler: string,
  outdir: string,
  { minify = true, splitting = true, install = [] as string[] } = {},
): Promise<Bundle> {
  const source = handler.replace(/\.[^.]*$/, ".ts");
  const entry = handler.replace(/^.*\//, "").replace(/\.[^.]*$/, ".mjs");
  const { metafile } = await build({
    absWorkingDir: ROOT,
    nodePaths: [join(ROOT, "node_modules")],
    entryPoints: [source],
    outdir,
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
