// Where the product's modules are exchanged while they are loaded: what leaves the process, and one planted bug.
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = path.join(import.meta.dirname, "../..");

/** A change of a source file of the product, whose path is from the root of the repository. */
export type Patch = TextPatch | WrappedExport;

/** A text that is exchanged. */
interface TextPatch {
  file: string;
  find: string;
  replace: string;
}

/** An exported function that is exchanged, however it is written: `by` is an arrow function from the real one. */
interface WrappedExport {
  file: string;
  wraps: string;
  by: string;
}

/** Modules of the product, and Node's under one of them, that the world stands in for. */
const STAND_INS: { module: string; for?: string; by: string }[] = [
  { module: "shared/services/aws-client.ts", by: "aws-client.ts" },
  // Everything a function keeps in memory: here it lives as long as its machine, and a run begins with cold ones.
  { module: "shared/services/lazy.ts", by: "lazy.ts" },
  // libvips works in threads of its own, in real time.
  { module: "shared/adapters/source-image.ts", by: "source-image.ts" },
  // The checked door itself is real; the sockets under it are not.
  { module: "node:http", for: "shared/adapters/checked-fetch.ts", by: "http.ts" },
  { module: "node:https", for: "shared/adapters/checked-fetch.ts", by: "http.ts" },
  { module: "node:dns/promises", for: "shared/adapters/checked-fetch.ts", by: "dns.ts" },
];

/** Settings differ from run to run: each is read once for each environment, not once for ever. */
const SETTINGS_OF_THE_RUN: TextPatch = {
  file: "shared/environment.ts",
  find: "  if (read) return read.value;\n",
  replace: '  if (read && process.env[`READ_${name}`]) return read.value;\n  process.env[`READ_${name}`] = "yes";\n',
};

/** So that a video of 60 KB, too, goes up in parts. */
const SMALL_PARTS: TextPatch = {
  file: "shared/adapters/s3-media-files.ts",
  find: "const PART_BYTES = 8 * 1024 * 1024;",
  replace: "const PART_BYTES = 32 * 1024;",
};

/**
 * From now on the product's modules come with their seams. Call it before the first of them is imported.
 * @throws Error, at the import, when a patch does not find its text exactly once
 */
export function openSeams(planted: Patch | undefined): void {
  const patches = [SETTINGS_OF_THE_RUN, SMALL_PARTS, ...(planted ? [planted] : [])];
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const [module, importer] = [inRepository(found.url), inRepository(context.parentURL ?? "")];
      const standIn = STAND_INS.find((it) => it.module === module && (it.for ?? importer) === importer);
      const importedByItself = importer === `test/simulation/stand-ins/${standIn?.by}`;
      if (!standIn || importedByItself) return found;
      return { ...found, format: "module-typescript", url: standInUrl(standIn.by) };
    },
    load(url, context, next) {
      const file = inRepository(url);
      const wanted = patches.filter((patch) => patch.file === file);
      if (wanted.length === 0) return next(url, context);
      const source = wanted.reduce(patched, readFileSync(path.join(ROOT, file), "utf8"));
      return { format: "module-typescript", source, shortCircuit: true };
    },
  });
}

/** The source with the patch in it. @throws Error when its text, or its function, is not there exactly once */
export function patched(source: string, patch: Patch): string {
  if ("wraps" in patch) {
    const { file, wraps, by } = patch;
    const isThere = new RegExp(`^export (async )?function ${wraps}\\(`, "m").test(source);
    if (!isThere) throw new Error(`${file} exports no function ${wraps}`);
    // A function's name is a binding, which its own module may set anew; modules that have imported it see the new one.
    return `${source}\n${wraps} = (${by})(${wraps});\n`;
  }
  const { file, find, replace } = patch;
  const times = source.split(find).length - 1;
  if (times !== 1) throw new Error(`${file} holds the text to be exchanged ${times} times:\n${find}`);
  return source.replace(find, () => replace);
}

const standInUrl = (file: string) => pathToFileURL(path.join(import.meta.dirname, "stand-ins", file)).href;

/** `shared/generation/move.ts`; what lies elsewhere stays as it is. */
function inRepository(url: string): string {
  if (!url.startsWith("file:")) return url;
  return path.relative(ROOT, fileURLToPath(url)).replaceAll(path.sep, "/");
}
