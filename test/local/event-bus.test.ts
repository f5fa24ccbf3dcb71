// The bus and what lies behind it: events reach the functions whose rules they match, and none is lost on the way.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createDeliveries } from "../../stacks/local/deliveries.ts";
import { createEventBus, type EventPattern } from "../../stacks/local/event-bus.ts";
import type { Outcome } from "../../stacks/local/functions.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

const ENTRY = {
  EventBusName: "media",
  Source: "my.app",
  DetailType: "Generation Requested",
  Detail: '{"spaceId":"s","tags":["a","b"]}',
};
const FAILED: Outcome = { ok: false, error: { errorType: "Error", errorMessage: "no", trace: [] } };

function bus(pattern: EventPattern = { "detail-type": ["Generation Requested"] }) {
  const delivered: [string, unknown][] = [];
  const { putEvents } = createEventBus(
    [{ name: "r", bus: "media", pattern, handler: "functions/events/start-from-event.handler" }],
    {
      accept: async (name, event) => void delivered.push([name, event]),
    },
  );
  return { delivered, put: (...Entries: object[]) => putEvents({ Entries }) };
}

describe("an event on the bus", () => {
  test("reaches the function of its rule in EventBridge's envelope", async () => {
    const { put, delivered } = bus();
    const { Entries, FailedEntryCount } = await put({ ...ENTRY, Time: 1_772_366_400.5, Resources: ["arn:a"] });
    expect(FailedEntryCount).toBe(0);
    expect(delivered).toEqual([
      [
        "start-from-event",
        {
          version: "0",
          id: Entries[0] && "EventId" in Entries[0] ? Entries[0].EventId : "",
          "detail-type": "Generation Requested",
          source: "my.app",
          account: "000000000000",
          time: "2026-03-01T12:00:00Z",
          region: "us-east-1",
          resources: ["arn:a"],
          detail: { spaceId: "s", tags: ["a", "b"] },
        },
      ],
    ]);
  });

  test.each<[string, EventPattern, boolean]>([
    ["another type", { "detail-type": ["Generation Completed"] }, false],
    ["every field of the pattern", { source: ["my.app"], "detail-type": ["x", "Generation Requested"] }, true],
    ["one field too many", { source: ["other"], "detail-type": ["Generation Requested"] }, false],
    ["a field of the detail", { detail: { spaceId: ["s"] } }, true],
    ["one element of a list", { detail: { tags: ["b"] } }, true],
    ["a field the detail does not have", { detail: { mode: ["pro"] } }, false],
    ["a field inside a field that is none", { detail: { spaceId: { deeper: ["s"] } } }, false],
  ])("matched by %s", async (_case, pattern, matched) => {
    const { put, delivered } = bus(pattern);
    await put(ENTRY);
    expect(delivered).toHaveLength(matched ? 1 : 0);
  });

  test("on another bus, or on one that does not exist, is taken and reaches nobody", async () => {
    const { put, delivered } = bus();
    const { FailedEntryCount } = await put(
      { ...ENTRY, EventBusName: undefined },
      { ...ENTRY, EventBusName: "nowhere" },
      { ...ENTRY, EventBusName: "arn:aws:events:us-east-1:000000000000:event-bus/media" },
    );
    expect(FailedEntryCount).toBe(0);
    expect(delivered).toHaveLength(1);
  });

  test.each([
    ["InvalidArgument", { Source: undefined }],
    ["InvalidArgument", { DetailType: undefined }],
    ["InvalidArgument", { Detail: undefined }],
    ["MalformedDetail", { Detail: "{" }],
    ["MalformedDetail", { Detail: "[1]" }],
    ["NotAuthorizedForSourceException", { Source: "aws.s3" }],
  ])("is refused alone as %s for %j; its neighbours pass", async (ErrorCode, fault) => {
    const { put, delivered } = bus();
    const answer = await put({ ...ENTRY, ...fault }, ENTRY);
    expect(answer).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }, { EventId: expect.any(String) }] });
    expect(delivered).toHaveLength(1);
  });

  test.each([
    ["no entry", []],
    ["eleven entries", Array.from({ length: 11 }, () => ENTRY)],
    ["more than 256 KB", [{ ...ENTRY, Detail: JSON.stringify({ text: "x".repeat(262_144) }) }]],
  ])("a call with %s fails as a whole", async (_case, entries) => {
    await expect(bus().put(...entries)).rejects.toMatchObject({ code: "ValidationException" });
  });

  test("that cannot be kept is refused, not lost", async () => {
    const { putEvents } = createEventBus(
      [{ name: "r", bus: "media", pattern: {}, handler: "functions/events/x.handler" }],
      {
        accept: () => Promise.reject(new Error("ENOSPC")),
      },
    );
    expect(await putEvents({ Entries: [ENTRY] })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: "InternalFailure" }],
    });
  });

  test("a rule this bus cannot judge stops the start", () => {
    const pattern: unknown = { source: [{ prefix: "my." }] };
    const isPattern = (value: unknown): value is EventPattern => typeof value === "object";
    expect(() => isPattern(pattern) && bus(pattern)).toThrow("filters by more than exact values");
  });
});

describe("an accepted delivery", () => {
  /** Answers in this order, the last one again and again; `called` resolves at each call. */
  async function deliveries(outcomes: Outcome[], directory?: string, retryDelaysMs = [0, 0]) {
    const where = directory ?? (await temporaryDirectory());
    const events: unknown[] = [];
    const settled = Promise.withResolvers<void>();
    const made = createDeliveries(
      {
        invoke: async (_name, event) => {
          events.push(event);
          const outcome = outcomes[events.length - 1] ?? outcomes.at(-1) ?? FAILED;
          if (outcome.ok || events.length === 3) settled.resolve();
          return outcome;
        },
      },
      where,
      retryDelaysMs,
    );
    const waiting = () => readdir(join(where, "deliveries"));
    return { ...made, events, where, waiting, settled: settled.promise };
  }

  test("that fails twice succeeds the third time", async () => {
    const { accept, events, waiting, settled } = await deliveries([FAILED, FAILED, { ok: true, payload: "null" }]);
    await accept("start-from-event", { n: 1 });
    await settled;
    expect(events).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    await expect.poll(waiting).toEqual([]);
  });

  test("that fails three times lies in the dead-letter file with its event and its error", async () => {
    const { accept, events, where, waiting, settled } = await deliveries([FAILED]);
    await accept("start-from-event", { n: 1 });
    await settled;
    await expect.poll(waiting).toEqual([]);
    expect(events).toHaveLength(3);
    const [line] = (await readFile(join(where, "dead-letters.jsonl"), "utf8")).trimEnd().split("\n");
    const letter: unknown = JSON.parse(line ?? "");
    expect(letter).toEqual({
      at: expect.any(String),
      functionName: "start-from-event",
      event: { n: 1 },
      error: { errorType: "Error", errorMessage: "no", trace: [] },
    });
  });

  test("that was not finished when the machine stopped is taken up by the next", async () => {
    const first = await deliveries([FAILED], undefined, [60_000]);
    await first.accept("start-from-event", { n: 1 });
    await expect.poll(() => first.events.length).toBe(1);
    first.close();
    expect(await first.waiting()).toHaveLength(1);
    // what a kill in the middle of writing leaves behind
    await writeFile(join(first.where, "deliveries", "half.json.new"), '{"func');

    const second = await deliveries([{ ok: true, payload: "null" }], first.where);
    await second.resume();
    await second.settled;
    expect(second.events).toEqual([{ n: 1 }]);
    await expect.poll(second.waiting).toEqual([]);
  });
});
