// The package that other projects install: what its types promise is in its script.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { expect, it } from "vitest";
import { packageClient } from "../../stacks/web/package-client.ts";

it("hands out the API's calls, and what its declarations declare", { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), "client-"));
  try {
    await packageClient(directory);
    const script = (await import(/* @vite-ignore */ pathToFileURL(join(directory, "client.js")).href)) as object;
    expect(Object.keys(script).toSorted()).toEqual([
      "ApiError",
      "GaveUpError",
      "NoAnswerError",
      "cancelGeneration",
      "checkGeneration",
      "deleteMedia",
      "enhanceMedia",
      "getBudget",
      "getMedia",
      "getModels",
      "getPricing",
      "getTimings",
      "isTrouble",
      "listMedia",
      "newIdempotencyKey",
      "oneWish",
      "uploadImage",
      "watchGeneration",
    ]);
    expect(valuesIn(join(directory, "client.d.ts"))).toEqual(Object.keys(script).toSorted());
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it("starts and follows to the end on Node 20, whose promises have no withResolvers", async () => {
  const directory = await mkdtemp(join(tmpdir(), "client-"));
  try {
    await packageClient(directory);
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
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
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
