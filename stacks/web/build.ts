// Makes what the console's function serves: the page, its script and style, the API for people and for generators, and the client library by itself.
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type BuildOptions } from "esbuild";
import { apiPage } from "./api/api-page.ts";
import { llmsText } from "./api/llms.ts";
import { openApi } from "./api/openapi.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = join(ROOT, "functions/web/console");
/** Beside the functions: `shared/edge/web.ts` reads it, a deploy copies it. */
const TARGET = join(ROOT, ".web");

/** What a caller of the library calls; the rest is how it does it. */
export const CLIENT = ["calls", "errors", "subscribe", "upload", "watch", "wish"];

/** Browsers of the last two years: what the client library itself needs. */
const FOR_BROWSERS = {
  bundle: true,
  minify: true,
  write: false,
  metafile: true,
  format: "esm",
  target: "es2024",
  absWorkingDir: ROOT,
} as const satisfies BuildOptions;

/** Takes a tenth of a second. Several may run at once: they make the same files, and a file is replaced whole or not at all. */
export async function buildWeb(): Promise<void> {
  const page = await build({
    ...FOR_BROWSERS,
    entryPoints: ["main.tsx", "style.css", "try-it.tsx", "api-page.css"].map((file) => join(SOURCES, file)),
    outdir: join(TARGET, "assets"),
    entryNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
  });
  const client = await build({
    ...FOR_BROWSERS,
    stdin: {
      contents: CLIENT.map((file) => `export * from "./${file}.ts";`).join("\n"),
      resolveDir: join(ROOT, "shared/client"),
    },
    outfile: join(TARGET, "client.js"),
  });
  const names = new Map(
    Object.entries(page.metafile.outputs).map(([file, { entryPoint = "" }]) => [basename(entryPoint), basename(file)]),
  );
  const linked = (html: string) =>
    html.replace(/%([\w-]+\.\w+)%/g, (_, source: string) => `/assets/${names.get(source) ?? source}`);

  const files = new Map([...page.outputFiles, ...client.outputFiles].map(({ path, text }) => [path, text]));
  files.set(join(TARGET, "index.html"), linked(await readFile(join(SOURCES, "index.html"), "utf8")));
  files.set(join(TARGET, "docs.html"), linked(apiPage()));
  files.set(join(TARGET, "llms.txt"), llmsText());
  files.set(join(TARGET, "openapi.json"), JSON.stringify(openApi()));
  files.set(join(TARGET, "openapi-without-sign-in.json"), JSON.stringify(openApi({ signIn: false })));
  for (const [path, text] of files) await replace(path, text);
  for (const path of await filesIn(TARGET)) if (!files.has(path)) await rm(path, { force: true });
}

async function replace(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
  await mkdir(dirname(path), { recursive: true });
  const unfinished = join(ROOT, `.web-${process.pid}-${relative(TARGET, path).replaceAll(/\W/g, "-")}`);
  await writeFile(unfinished, text);
  await rename(unfinished, path);
}

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildWeb();
