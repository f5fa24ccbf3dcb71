// The quick lane's look into the simulated world: a few seeds, and a few planted bugs; the long lane has all of both.
import { describe, expect, it } from "vitest";
import { PLANTED_BUGS } from "./planted-bugs.ts";
import { reportOf } from "./simulate.ts";

const MINUTE = 60_000;

it("forty seeds break no invariant", { timeout: MINUTE }, async () => {
  const report = await reportOf("--seeds", "40");
  expect(report.failures).toEqual([]);
  expect(report.runs).toBe(40);
});

/** One each of what costs most: a second POST, a released claim, another tenant, a start that was refused. */
const CAUGHT = ["I1", "I3", "I12", "I21"];

describe("with only its invariant on, the world catches", { concurrent: true, timeout: MINUTE }, () => {
  const bugs = CAUGHT.flatMap((id) => PLANTED_BUGS.filter(({ caughtBy }) => caughtBy === id).slice(0, 1));
  it.each(bugs)("$name ($caughtBy)", async ({ name, caughtBy }) => {
    const { failures } = await reportOf("--planted", name);
    expect(failures.map(({ invariant }) => invariant)).toEqual([caughtBy]);
  });
});
