// The moves that a record keeps of itself.
import { expect, it } from "vitest";
import { withMove, type TimelineEntry } from "../../shared/media/timeline.ts";

const entry = (n: number): TimelineEntry => ({
  at: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
  phase: "queued",
  attempt: n,
});

it("is there from the first move on, oldest first", () => {
  expect(withMove(withMove(undefined, entry(1)), entry(2))).toEqual([entry(1), entry(2)]);
});

it("keeps the first ten and the latest thirty of a thousand", () => {
  let timeline: TimelineEntry[] = [];
  for (let n = 1; n <= 1000; n++) timeline = withMove(timeline, entry(n));
  const attempts = timeline.map(({ attempt }) => attempt);
  expect(attempts).toEqual([
    ...Array.from({ length: 10 }, (_, n) => n + 1),
    ...Array.from({ length: 30 }, (_, n) => n + 971),
  ]);
});
