// Every single fault at every call of the simulated world, and what of the fault matrix that has played.
import { beforeAll, describe, expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { INVARIANT_IDS } from "./invariants.ts";
import { MATRIX, notPlayed } from "./matrix.ts";
import type { Report } from "./report.ts";
import { reportOf } from "./simulate.ts";
import { STORIES } from "./stories.ts";

const MINUTES = 60_000;

describe("every single fault at every call", () => {
  let report: Report;
  beforeAll(async () => {
    report = await reportOf("--singles");
  }, 10 * MINUTES);

  it("breaks no invariant", () => {
    expect(report.failures).toEqual([]);
    expect(report.runs).toBeGreaterThan(1000);
  });

  it("plays every line of the fault matrix", () => {
    expect(notPlayed(report.places, Object.keys(report.stories))).toEqual([]);
    const ofThePaper = MATRIX.map(({ id }) => id).filter((id) => id.startsWith("F"));
    expect(ofThePaper).toEqual(linesOfTheMatrix());
  });

  it("brings something about in every story", () => {
    const idle = Object.entries(report.starts).filter(([, starts]) => starts === 0);
    expect(idle).toEqual([]);
    expect(Object.keys(report.starts).toSorted()).toEqual(Object.keys(STORIES).toSorted());
  });

  it("lets every fault there is strike", () => {
    expect(FAULTS.map(({ name }) => name).filter((name) => !report.struck[name])).toEqual([]);
  });

  it("holds every invariant against something real", () => {
    expect(INVARIANT_IDS.filter((id) => (report.checks[id] ?? 0) < 50)).toEqual([]);
  });

  it("refuses starts for each reason that money has", () => {
    expect(Object.keys(report.refusals)).toEqual(expect.arrayContaining(["over_budget", "starts_stopped"]));
  });

  it("ends in videos for the most part, and in each of the other ways", () => {
    const completed = report.ends["completed"] ?? 0;
    expect(completed).toBeGreaterThan(report.runs / 2);
    expect(Object.keys(report.ends)).toEqual(
      expect.arrayContaining([
        "canceled",
        "deleted",
        "failed timed_out",
        "failed submit_outcome_unknown",
        "failed delivery_failed",
        "failed content_policy_violation",
        "failed image_unreachable",
      ]),
    );
  });
});

/** F01 to F41 and F44 to F47. The links of pictures have their corpus (F43). */
function linesOfTheMatrix(): string[] {
  return Array.from({ length: 47 }, (_, n) => `F${String(n + 1).padStart(2, "0")}`).filter(
    (id) => !["F42", "F43"].includes(id),
  );
}
