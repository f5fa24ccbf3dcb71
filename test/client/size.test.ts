// What the client costs a page that imports it: little, and only what it uses.
import { globSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";

const CLIENT = "shared/client";
const LIMIT_BYTES = 6 * 1024;

/** Bundled for a browser, minified: what Node has and a browser has not would not build. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(ROOT, CLIENT) },
    bundle: true,
    minify: true,
    write: false,
    platform: "browser",
    format: "esm",
    target: "es2024",
  });
  return outputFiles[0]?.text ?? "";
}
const gzipped = (code: string) => gzipSync(code).length;

it("the whole of it is below 6 KB, minified and gzipped", async () => {
  const files = globSync("*.ts", { cwd: join(ROOT, CLIENT) });
  const code = await bundled(files.map((file) => `export * from "./${file}";`).join("\n"));
  expect(code).toContain("sinceVersion");
  expect(gzipped(code)).toBeLessThan(LIMIT_BYTES);
});

it("a page that only reads does not carry the watching, and nobody carries the schemas", async () => {
  const reading = await bundled('export { listMedia } from "./calls.ts";');
  expect(reading).not.toMatch(/sinceVersion|idempotency-key|\/api\/uploads/);
  expect(gzipped(reading)).toBeLessThan(1500);
  expect(await bundled('export * from "./watch.ts";')).not.toMatch(/zod|node:/i);
});
