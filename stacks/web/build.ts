// Makes what the console's function serves: the page, its script and style, the readable API, and the client library by itself.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { apiPage } from "../../shared/contract/api-page.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SOURCES = join(ROOT, "functions/web/console");
/** Beside the functions: `shared/services/web.ts` reads it, a deploy copies it. */
const TARGET = join(ROOT, ".web");

/** Browsers of the last two years: what the client library itself needs. */
const FOR_BROWSERS = { bundle: true, minify: true, format: "esm", target: "es2024", absWorkingDir: ROOT } as const;

/** What a caller of the library calls; the rest is how it does it. */
const CLIENT = ["calls", "errors", "upload", "watch"];

/** Takes a tenth of a second. Every run makes all of it anew. */
export async function buildWeb(): Promise<void> {
  await rm(TARGET, { recursive: true, force: true });
  await mkdir(TARGET, { recursive: true });
  const { metafile } = await build({
    ...FOR_BROWSERS,
    entryPoints: ["main.tsx", "style.css", "api-page.css"].map((file) => join(SOURCES, file)),
    outdir: join(TARGET, "assets"),
    entryNames: "[name]-[hash]",
    jsx: "automatic",
    jsxImportSource: "preact",
    metafile: true,
  });
  const nameOf = Object.fromEntries(
    Object.entries(metafile.outputs).map(([file, { entryPoint = "" }]) => [basename(entryPoint), basename(file)]),
  );
  const linked = (html: string) =>
    html.replace(/%([\w-]+\.\w+)%/g, (_, source: string) => `/assets/${nameOf[source] ?? source}`);
  await writeFile(join(TARGET, "index.html"), linked(await readFile(join(SOURCES, "index.html"), "utf8")));
  await writeFile(join(TARGET, "docs.html"), linked(apiPage()));

  const contents = CLIENT.map((file) => `export * from "./${file}.ts";`).join("\n");
  await build({
    ...FOR_BROWSERS,
    stdin: { contents, resolveDir: join(ROOT, "shared/client") },
    outfile: join(TARGET, "client.js"),
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await buildWeb();
