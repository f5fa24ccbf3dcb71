// The clock of the local machine: what the blueprint schedules runs in time, and never twice at once.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Outcome } from "../../../stacks/local/aws/functions.ts";
import { startScheduler } from "../../../stacks/local/aws/scheduler.ts";

const SWEEP = [{ name: "sweep", everySeconds: 60, handler: "functions/events/sweep-generations.handler" }];
const MINUTE_MS = 60_000;
const DONE: Outcome = { ok: true, payload: "null" };
const FAILED: Outcome = { ok: false, error: { errorType: "Error", errorMessage: "no", trace: [] } };

beforeEach(() => {
  vi.useFakeTimers({ now: new Date("2026-03-01T12:00:00.789Z") });
});
afterEach(() => {
  vi.useRealTimers();
});

function scheduled(run: (call: number) => Outcome | Promise<Outcome>) {
  const events: unknown[] = [];
  const scheduler = startScheduler(SWEEP, {
    invoke: async (_name, event) => {
      events.push(event);
      return run(events.length);
    },
  });
  return { events, stop: scheduler.stop };
}

test("it runs at once and then every minute, with EventBridge's scheduled event", async () => {
  const { events } = scheduled(() => DONE);
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(events).toHaveLength(3);
  expect(events[1]).toEqual({
    version: "0",
    id: expect.any(String),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: "000000000000",
    time: "2026-03-01T12:01:00Z",
    region: "us-east-1",
    resources: ["arn:aws:events:us-east-1:000000000000:rule/sweep"],
    detail: {},
  });
});

test("the first run sweeps everything, and keeps doing so until one has succeeded", async () => {
  const { events } = scheduled((call) => (call === 1 ? FAILED : DONE));
  await vi.advanceTimersByTimeAsync(2 * MINUTE_MS);
  expect(events).toMatchObject([{ detail: { all: true } }, { detail: { all: true } }, { detail: {} }]);
});

test("a run that takes longer than a minute is not joined by a second", async () => {
  const slow = Promise.withResolvers<Outcome>();
  const { events } = scheduled((call) => (call === 1 ? slow.promise : DONE));
  await vi.advanceTimersByTimeAsync(3 * MINUTE_MS);
  expect(events).toHaveLength(1);
  slow.resolve(DONE);
  await vi.advanceTimersByTimeAsync(MINUTE_MS);
  expect(events).toHaveLength(2);
});

test("stopped, it runs no more", async () => {
  const { events, stop } = scheduled(() => DONE);
  stop();
  await vi.advanceTimersByTimeAsync(5 * MINUTE_MS);
  expect(events).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});
