// The test of the tests: bugs planted into the product, each caught by its own invariant with all the others switched off.
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { INVARIANT_IDS } from "./invariants.ts";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { patched } from "./seams.ts";
import { reportOf } from "./simulate.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const MINUTES = 60_000;

describe("a planted bug", () => {
  it.each(PLANTED_BUGS)("finds its place: $name", (bug) => {
    const source = readFileSync(path.join(ROOT, bug.file), "utf8");
    expect(patched(source, bug)).not.toBe(source);
  });

  it("is there for every invariant", () => {
    const caught = PLANTED_BUGS.map(({ caughtBy }) => caughtBy);
    expect(INVARIANT_IDS.filter((id) => !caught.includes(id))).toEqual([]);
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length);
  });
});

describe("with only its invariant on, the world catches", { concurrent: true, timeout: 10 * MINUTES }, () => {
  it.each(PLANTED_BUGS)("$name ($caughtBy)", async ({ name, caughtBy }) => {
    const { failures } = await reportOf("--planted", name);
    expect(failures.map(({ invariant }) => invariant)).toEqual([caughtBy]);
  });
});
