// Two faults in one run, drawn by a seed; and that a seed says everything about a run.
import { expect, it } from "vitest";
import { reportOf, simulate } from "./simulate.ts";

const MINUTES = 60_000;

it("100 pairs of faults break no invariant", { timeout: 10 * MINUTES }, async () => {
  const report = await reportOf("--pairs", "--count", "100");
  expect(report.failures).toEqual([]);
  expect(report.runs).toBeGreaterThan(95);
});

it.each([11, 12])("seed %d is the same run whenever it is made", { timeout: 2 * MINUTES }, async (seed) => {
  const [one, other] = await Promise.all([traceOf(seed), traceOf(seed)]);
  expect(one.length).toBeGreaterThan(50);
  expect(other).toEqual(one);
});

async function traceOf(seed: number): Promise<string[]> {
  const printed = await simulate("--seed", String(seed));
  return printed.split("\n").filter((line) => /^ *\d+\.\d s {2}/.test(line));
}
