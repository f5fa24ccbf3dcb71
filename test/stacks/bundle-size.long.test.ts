// The size of every bundle, held to its budget: what grows a cold start is seen in the change that does it, not in a bill.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { functionName, FUNCTIONS } from "../../stacks/blueprint/functions.ts";
import { bundleHandler, type Bundle } from "../../stacks/offline/bundle.ts";
import budget from "./bundle-budget.json" with { type: "json" };

/** A cold start reads and compiles it; what is imported on demand counts too, for it is stored and fetched. */
const BUNDLE_MAX_KB = 1024;
/** The official SDK of MCP brings zod's large edition (100 KB) and a validator that it imports and never asks here (ajv, 138 KB). */
const LARGER_KB = new Map([["serve-agents", 1152]]);
const KB = 1024;
const LARGEST_SHOWN = 8;
/** A budget is what it is for if it is near: at most a twentieth, and 2 KB for the small ones, above. */
const SLACK = 1.05;
const NOTHING = { startKb: 0, allKb: 0 };

const budgets = new Map(Object.entries(budget));
const bundles = new Map<string, Bundle>();
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "bundle-size-"));
  for (const [handler, { install = [] }] of Object.entries(FUNCTIONS)) {
    const name = functionName(handler);
    bundles.set(name, await bundleHandler(handler, join(directory, name), { install: [...install] }));
  }
}, 120_000);
afterAll(() => rm(directory, { recursive: true }));

const kbOf = (bytes: number) => Math.ceil(bytes / KB);

/** Which grew, by how much, and what is in it; undefined when it is within its budget. */
function excess(name: string, { startKb, allKb }: { startKb: number; allKb: number }, bundle: Bundle) {
  const [start, all] = [kbOf(bundle.entryBytes), kbOf(bundle.entryBytes + bundle.chunkBytes)];
  if (start <= startKb && all <= allKb) return undefined;
  const largest = bundle.contents.slice(0, LARGEST_SHOWN).map((it) => `${it.name} ${kbOf(it.bytes)} KB`);
  return (
    `${name} has grown: ${start} KB of ${startKb} are read at its start, ${all} of ${allKb} in all. ` +
    `Most of it: ${largest.join(", ")}. Import less, or raise its line in test/stacks/bundle-budget.json and say why.`
  );
}

describe("every bundle", () => {
  test("has a budget, and every budget a bundle", () => {
    expect([...budgets.keys()].sort()).toEqual([...bundles.keys()].sort());
  });

  test("keeps to its budget", () => {
    const grown = [...bundles].map(([name, bundle]) => excess(name, budgets.get(name) ?? NOTHING, bundle));
    expect(grown.filter((it) => it !== undefined)).toEqual([]);
  });

  test("has no budget over 1 MB, nor one that it has long left behind", () => {
    const wide = [...budgets].filter(([name, { startKb, allKb }]) => {
      const bundle = bundles.get(name);
      if (!bundle) return false;
      const [start, all] = [kbOf(bundle.entryBytes), kbOf(bundle.entryBytes + bundle.chunkBytes)];
      return allKb > (LARGER_KB.get(name) ?? BUNDLE_MAX_KB) || startKb > start * SLACK + 2 || allKb > all * SLACK + 2;
    });
    expect(wide).toEqual([]);
  });

  test("says what has grown, by how much, and what is in it", () => {
    const bundle = bundles.get("get-media");
    if (!bundle) throw new Error("get-media has no bundle");
    const budgeted = { startKb: kbOf(bundle.entryBytes) - 1, allKb: BUNDLE_MAX_KB };
    expect(excess("get-media", budgeted, bundle)).toMatch(
      /^get-media has grown: (\d+) KB of \d+ are read at its start, .* Most of it: @smithy\/core \d+ KB, .*zod \d+ KB/,
    );
  });
});

/** Names of the functions with any of these packages in their bundles. */
const holding = (...packages: string[]) =>
  [...bundles].filter(([, { contents }]) => contents.some(({ name }) => packages.includes(name))).map(([name]) => name);

describe("a package is only in the bundles that use it", () => {
  test.each([
    [
      "fal's client",
      ["@fal-ai/client"],
      [
        "cancel-generation",
        // It cancels too.
        "serve-agents",
        "submit-generation",
        "check-status",
        "finalize-and-analyze",
        "record-failure",
        "sweep-generations",
        "on-execution-ended",
        "receive-fal-webhook",
      ],
    ],
    ["WorkflowAI", ["@workflowai/workflowai"], ["submit-generation", "finalize-and-analyze"]],
    ["the reader of MP4", ["mediabunny"], ["finalize-and-analyze"]],
    ["the server of agents", ["@modelcontextprotocol/sdk", "ajv", "zod-to-json-schema"], ["serve-agents"]],
    ["the decoder of pictures, installed beside it", ["sharp"], []],
  ])("%s", (_, packages, users) => {
    expect(holding(...packages).toSorted()).toEqual(users.toSorted());
  });

  test("the decoder of pictures is installed where pictures are decoded", () => {
    const installed = Object.entries(FUNCTIONS).filter(([, { install }]) => install?.includes("sharp"));
    expect(installed.map(([handler]) => functionName(handler))).toEqual(["check-upload", "submit-generation"]);
  });
});
