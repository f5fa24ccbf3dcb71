// The bench's own arithmetic, and that its parts say what main and its readers expect; no timing is judged here.
import { expect, it } from "vitest";
import { rowsOf as delayRows, type Findings } from "./detection-delay.ts";
import { measureOf, PARTS } from "./parts.ts";
import { rowsOf as startRows } from "./start-path.ts";
import { figure, inWords, median, missed, quantile, type Report, type Row } from "./table.ts";
import { rowsOf as overheadRows, variants } from "./warm-overhead.ts";

const ROW: Row = { part: "start-path", what: "rate", value: 137.4, unit: "requests/s" };
const COMPARED: Row = { ...ROW, beside: { what: "floor", value: 100 }, ratio: 1.374, goal: "at least 0.8", met: true };
const MISSED: Row = { ...ROW, what: "p50", value: 0.01234, unit: "ms", goal: "at most 0.01", met: false };

it("a quantile is the nearest rank, and of nothing there is none", () => {
  const values = [5, 1, 4, 2, 3];
  expect([median(values), quantile(values, 0.99), quantile(values, 0), quantile([7], 0.5)]).toEqual([3, 5, 1, 7]);
  expect(values[0]).toBe(5);
  expect(() => median([])).toThrow("nothing was measured");
});

it("a figure has the digits that mean something", () => {
  expect([1234.5, 137.4, 13.74, 0.01234, 0, Infinity].map(figure)).toEqual([
    "1235",
    "137",
    "13.7",
    "0.0123",
    "0",
    "Infinity",
  ]);
});

it("the table has a line for each row and one for the machine", () => {
  const machine = { cpu: "A CPU", cores: 2, node: "v24.0.0" };
  const report: Report = { machine, measuredAt: "2026-01-01T00:00:00.000Z", quick: true, rows: [COMPARED, MISSED] };
  expect(inWords(report).split("\n")).toEqual([
    "part        what           value  beside     ratio  goal          met",
    "----------  ----  --------------  ---------  -----  ------------  ---",
    "start-path  rate  137 requests/s  100 floor   1.37  at least 0.8  yes",
    "start-path  p50        0.0123 ms                    at most 0.01  NO",
    "",
    "A CPU, 2 cores, Node v24.0.0, --quick",
  ]);
});

it("only a goal that was missed is missed", () => {
  expect(missed([ROW, COMPARED, MISSED])).toEqual([MISSED]);
});

it("the delay is judged by the median with the webhook, the load by the least that a peer asks", () => {
  const findings = (seenMs: number, statusCalls: number): Findings => ({
    seenMs: [seenMs, seenMs, 9000],
    recordedMs: [100, 100, 200],
    statusCalls: [statusCalls, statusCalls],
  });
  const judged = (webhookMs: number, calls: number) => {
    const [aiSdk, subscribe] = [findings(2500, 6), findings(250, 60)];
    const rows = delayRows({ webhook: findings(webhookMs, calls), polling: findings(5000, 4), aiSdk, subscribe });
    return rows.flatMap(({ met }) => met ?? []);
  };
  expect(judged(500, 5)).toEqual([true, true, true]);
  expect(judged(501, 6)).toEqual([false, false, true]);
});

it("a start is judged by its rate beside the floor's", () => {
  const measured = (perSecond: number) => ({ turns: [{ perSecond, latenciesMs: [1, 2, 3] }], cpuMs: 6 });
  const [rate, p50, p99, processor] = startRows("enhance", measured(80), measured(100));
  expect(rate).toMatchObject({ value: 80, beside: { value: 100 }, ratio: 0.8, met: true });
  expect([p50?.value, p99?.value, processor?.value]).toEqual([2, 3, 2]);
  expect(startRows("enhance", measured(79), measured(100))[0]?.met).toBe(false);
});

it("what is timed of a warm call is a call that goes well", async () => {
  const answers = new Map<string, unknown>();
  for (const [name, call] of variants()) answers.set(name, await call());
  const ok = expect.objectContaining({ statusCode: 200 });
  expect([...answers.values()]).toEqual([
    { next: "wait" },
    { next: "wait" },
    ok,
    ok,
    { next: "wait" },
    { next: "wait" },
  ]);
  const rows = overheadRows(new Map([...answers.keys()].map((name, n) => [name, [n + 1]])));
  expect(rows.map(({ ratio }) => ratio)).toEqual([2, 3, 4, 5, 6]);
});

it("every part can be measured", async () => {
  for (const part of PARTS) expect(await measureOf(part), part).toBeInstanceOf(Function);
});
