// What the client costs a page that imports it: little, and only what it uses.
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { CLIENT } from "../../stacks/web/build.ts";

const SOURCES = "shared/client";
const LIMIT_BYTES = 6 * 1024;

/** Bundled for a browser, minified: what Node has and a browser has not would not build. */
async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: join(ROOT, SOURCES) },
    bundle: true,
    minify: true,
    write: false,
    platform: "browser",
    format: "esm",
    target: "es2024",
    external: ["react"],
  });
  return outputFiles[0]?.text ?? "";
}
const gzipped = (code: string) => gzipSync(code).length;

it("the whole of it is below 6 KB, minified and gzipped", async () => {
  const code = await bundled(CLIENT.map((file) => `export * from "./${file}.ts";`).join("\n"));
  expect(code).toContain("sinceVersion");
  expect(gzipped(code)).toBeLessThan(LIMIT_BYTES);
});

it("a page that only reads does not carry the watching, and no page carries the schemas", async () => {
  const reading = await bundled('export { listMedia } from "./calls.ts";');
  expect(reading).not.toMatch(/sinceVersion|idempotency-key|\/api\/uploads/);
  expect(gzipped(reading)).toBeLessThan(1700);
  expect(await bundled('export * from "./watch.ts";')).not.toMatch(/zod|node:/i);
});

it.each([
  ["react", 5000],
  ["ai-sdk", 5500],
  ["webhooks", 1300],
])(
  "%s by itself, with what it needs of the rest, is below %d bytes, and carries no other extra",
  async (name, limit) => {
    const code = await bundled(`export * from "./${name}.ts";`);
    expect(gzipped(code)).toBeLessThan(limit);
    const marks = { react: "sessionStorage", "ai-sdk": "klingMedia", webhooks: "webhook-signature" };
    expect(Object.values(marks).filter((mark) => code.includes(mark))).toHaveLength(1);
  },
);
