// The package that other projects install: what its types promise is in its script.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
      "getPricing",
      "getTimings",
      "isTrouble",
      "listMedia",
      "newIdempotencyKey",
      "uploadImage",
      "watchGeneration",
    ]);
    expect(valuesIn(join(directory, "client.d.ts"))).toEqual(Object.keys(script).toSorted());
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
