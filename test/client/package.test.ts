// The package that other projects install: what its types promise is in its script.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packageClient } from "../../stacks/web/package-client.ts";

let directory: string;
beforeAll(async () => {
  directory = await packageClient(await mkdtemp(join(tmpdir(), "client-")));
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const valuesOf = async (name: string) =>
  Object.keys(
    (await import(/* @vite-ignore */ pathToFileURL(join(directory, `${name}.js`)).href)) as object,
  ).toSorted();

it.each([
  [
    "client",
    [
      "ApiError",
      "GaveUpError",
      "NoAnswerError",
      "UsageError",
      "cancelGeneration",
      "checkGeneration",
      "deleteMedia",
      "enhanceMedia",
      "getBudget",
      "getMedia",
      "getModels",
      "getPricing",
      "getSpending",
      "getTimings",
      "isTrouble",
      "listMedia",
      "listSpaces",
      "newIdempotencyKey",
      "oneWish",
      "startVideo",
      "subscribe",
      "uploadImage",
      "watchGeneration",
    ],
  ],
  ["ai-sdk", ["GenerationError", "createKlingMedia"]],
  ["webhooks", ["WebhookError", "signWebhook", "verifyWebhook"]],
])("%s hands out what its declarations declare", { timeout: 60_000 }, async (name, values) => {
  expect(await valuesOf(name)).toEqual(values);
  expect(valuesIn(join(directory, `${name}.d.ts`))).toEqual(values);
});

it("the hooks are for a page's own part of a Next.js site, and the same errors come out of every entry", async () => {
  expect(valuesIn(join(directory, "react.d.ts"))).toEqual(["useGeneration", "useStartGeneration"]);
  expect(await readFile(join(directory, "react.js"), "utf8")).toMatch(/^"use client";/);
  for (const name of ["react", "ai-sdk"]) {
    // One copy of each file: `instanceof ApiError` holds, whichever entry threw it.
    expect(await readFile(join(directory, `${name}.js`), "utf8")).toContain('from "./subscribe.js"');
  }
});

it("starts and follows to the end on Node 20, whose promises have no withResolvers", async () => {
  const asOn20 = ["Promise.withResolvers", "Promise.try", "RegExp.escape", "Iterator", "navigator"];
  await writeFile(
    join(directory, "run.mjs"),
    `import { enhanceMedia, watchGeneration } from "./client.js";
    const media = (phase) => ({ id: "m", spaceId: "s", media: { phase, generationStatus: phase, version: phase.length } });
    const answers = [media("generating-video"), media("completed")];
    const fetch = async () => Response.json({ data: { mediaSpace: answers.shift() } });
    const { mediaSpace } = await enhanceMedia({}, { fetch });
    for await (const { media } of watchGeneration(mediaSpace, { fetch })) console.log(media.phase);`,
  );
  const without = `data:text/javascript,${asOn20.map((name) => `delete globalThis.${name};`).join("")}`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", without, join(directory, "run.mjs")]);
  expect(stdout.trim()).toBe("completed");
});

/** Names that are more than a type. */
function valuesIn(declarations: string): string[] {
  const module = ts.ModuleKind.NodeNext;
  const program = ts.createProgram([declarations], { module, moduleResolution: ts.ModuleResolutionKind.NodeNext });
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(declarations);
  const symbol = source && checker.getSymbolAtLocation(source);
  if (!symbol) throw new Error(`${declarations} declares nothing`);
  const aimed = checker
    .getExportsOfModule(symbol)
    .map((name) => (name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name));
  return aimed
    .filter(({ flags }) => flags & ts.SymbolFlags.Value)
    .map(({ name }) => name)
    .toSorted();
}
