// Every rule of the infrastructure holds for production, bare or with all that may be turned on, and for any other stage, and
// sees the breach planted for it.
import { beforeAll, describe, expect, test } from "vitest";
import { graphOf, WITH_KEYS, type Graph } from "../support/resource-graph.ts";
import { RULES, SKIPPED } from "./rules.ts";

let production: Graph;
let withEverything: Graph;
let trial: Graph;
beforeAll(async () => {
  [production, withEverything, trial] = await Promise.all([
    graphOf("production"),
    graphOf("production", WITH_KEYS),
    graphOf("trial"),
  ]);
});

describe.each(RULES.map((rule) => ({ name: `${rule.ids.join(", ")}: ${rule.says}`, rule })))("$name", ({ rule }) => {
  test("holds", () => {
    expect(rule.breaches(production)).toEqual([]);
    expect(rule.breaches(withEverything)).toEqual([]);
    if (!rule.productionOnly) expect(rule.breaches(trial)).toEqual([]);
  });

  test("sees a breach", () => {
    const copy = structuredClone(production);
    rule.plant(copy);
    expect(rule.breaches(copy)).not.toEqual([]);
  });
});

test("a rule is kept or skipped, never both, and a skip has its reason", () => {
  const kept = new Set(RULES.flatMap(({ ids }) => ids));
  for (const [id, reason] of Object.entries(SKIPPED)) {
    expect(kept.has(id), id).toBe(false);
    expect(reason.length, id).toBeGreaterThan(30);
  }
});

test("a stage that is only a try can be removed without a trace, production cannot", () => {
  expect(production.app).toEqual({ name: "kling-media", stage: "production", removal: "retain", protect: true });
  expect(trial.app).toMatchObject({ stage: "trial", removal: "remove", protect: false });
  expect(trial.resources.filter(({ retainOnDelete }) => retainOnDelete)).toEqual([]);
});
