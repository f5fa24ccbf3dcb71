// What the console's page is made of: small enough for its first view, and of one scale of type and of space.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";

const STYLE = join(ROOT, "functions/web/console/style.css");
const FIRST_VIEW_MAX_BYTES = 60_000;
/** Borders and hairs are no spaces. */
const HAIRS = [0, 1, 2];

it("its script stays under 60 KB, compressed", async () => {
  const assets = join(ROOT, ".web/assets");
  const scripts = (await readdir(assets)).filter((name) => /^main-.*\.js$/.test(name));
  expect(scripts).toHaveLength(1);
  const compressed = gzipSync(await readFile(join(assets, scripts[0] ?? "")));
  expect(compressed.byteLength).toBeLessThan(FIRST_VIEW_MAX_BYTES);
});

it("its style has one scale of type", async () => {
  const sizes = [...(await readFile(STYLE, "utf8")).matchAll(/^\s+font(?:-size)?:\s+([^;]+);/gm)].map(
    ([, value]) => value,
  );
  const others = sizes.filter((value) => !/var\(--text-[1-7]\)|inherit/.test(value ?? ""));
  expect(others).toEqual([]);
});

it("its style has one scale of space: multiples of 4 px", async () => {
  const spaces = (await readFile(STYLE, "utf8")).matchAll(/^\s+(?:gap|padding|margin)[\w-]*: ([^;]+);/gm);
  const pixels = [...spaces].flatMap(([, value = ""]) => [...value.matchAll(/\b(\d+)px/g)].map(([, n]) => Number(n)));
  expect(pixels.length).toBeGreaterThan(50);
  expect(pixels.filter((n) => n % 4 !== 0 && !HAIRS.includes(n))).toEqual([]);
});
