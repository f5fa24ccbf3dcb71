// A clock that stands still until a test turns it; timers run in the order they are due.
import type { Clock } from "../../stacks/fal-simulator/clock.ts";

export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Starts at a fixed date, so that every run sees the same timestamps. */
export function createManualClock(start = Date.UTC(2026, 0, 15, 12)): ManualClock {
  let now = start;
  const timers = new Set<{ at: number; task: () => void }>();
  return {
    now: () => now,
    after(ms, task) {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    advance(ms) {
      const until = now + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers.delete(due);
        now = Math.max(now, due.at);
        due.task();
      }
      now = until;
    },
  };
}
