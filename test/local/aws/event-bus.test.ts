// The bus of this machine: what EventBridge takes, matches, delivers, tries again and gives up.
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { createDeliveries, type Receivers } from "../../../stacks/local/aws/deliveries.ts";
import { createEventBus, eventEnvelope } from "../../../stacks/local/aws/event-bus.ts";
import type { EventPattern } from "../../../stacks/local/aws/event-pattern.ts";
import type { Outcome } from "../../../stacks/local/aws/functions.ts";
import { openQueues } from "../../../stacks/local/aws/queues.ts";
import { openRules } from "../../../stacks/local/aws/rules.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const ENTRY = {
  EventBusName: "media",
  Source: "my.app",
  DetailType: "Generation Requested",
  Detail: '{"spaceId":"s","tags":["a","b"]}',
};
const FAILED: Outcome = { ok: false, error: { errorType: "Error", errorMessage: "no", trace: [] } };
const FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:start-from-event";
const DEAD_LETTERS = "arn:aws:sqs:us-east-1:000000000000:r-dead-letters";

async function rulesWith(pattern: EventPattern, bus: "media" | "default" = "media") {
  const rule = { name: "r", bus, pattern, handler: "functions/events/start-from-event.handler" };
  return openRules([rule], () => true, await temporaryDirectory());
}

async function bus(
  pattern: EventPattern = { "detail-type": ["Generation Requested"] },
  on: "media" | "default" = "media",
) {
  const delivered: [string, unknown][] = [];
  const { putEvents, announce } = createEventBus(await rulesWith(pattern, on), {
    accept: async ({ arn }, event) => void delivered.push([arn.replace(/^.*:/, ""), event]),
  });
  return { delivered, announce, put: (...Entries: object[]) => putEvents({ Entries }) };
}

describe("an event on the bus", () => {
  test("reaches the function of its rule in EventBridge's envelope", async () => {
    const { put, delivered } = await bus();
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
    const { put, delivered } = await bus(pattern);
    await put(ENTRY);
    expect(delivered).toHaveLength(matched ? 1 : 0);
  });

  test("on another bus, or on one that does not exist, is taken and reaches no target", async () => {
    const { put, delivered } = await bus();
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
    const { put, delivered } = await bus();
    const answer = await put({ ...ENTRY, ...fault }, ENTRY);
    expect(answer).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }, { EventId: expect.any(String) }] });
    expect(delivered).toHaveLength(1);
  });

  test.each([
    ["no entry", []],
    ["eleven entries", Array.from({ length: 11 }, () => ENTRY)],
    ["more than 256 KB", [{ ...ENTRY, Detail: JSON.stringify({ text: "x".repeat(262_144) }) }]],
  ])("a call with %s fails as a whole", async (_case, entries) => {
    await expect((await bus()).put(...entries)).rejects.toMatchObject({ code: "ValidationException" });
  });

  test("that cannot be kept is refused, not lost", async () => {
    const { putEvents } = createEventBus(await rulesWith({}), {
      accept: () => Promise.reject(new Error("ENOSPC")),
    });
    expect(await putEvents({ Entries: [ENTRY] })).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: "InternalFailure" }],
    });
  });

  test("a rule this bus cannot judge stops the start", async () => {
    const pattern: unknown = { source: [{ prefix: "my." }] };
    const isPattern = (value: unknown): value is EventPattern => typeof value === "object";
    await expect(isPattern(pattern) && bus(pattern)).rejects.toThrow("source must be a list of exact values");
  });

  test("of AWS's own services is heard on the default bus alone", async () => {
    const pattern = { "detail-type": ["x"] };
    const [ours, theirs] = [await bus(pattern), await bus(pattern, "default")];
    for (const { announce } of [ours, theirs])
      await announce(eventEnvelope({ source: "aws.states", detailType: "x", detail: {}, resources: [], at: 0 }));
    expect([ours.delivered, theirs.delivered].map((all) => all.length)).toEqual([0, 1]);
  });
});

describe("an accepted delivery", () => {
  const TO = { arn: FUNCTION, deadLetterArn: DEAD_LETTERS };

  /** Answers in this order, the last one again and again; `settled` resolves when the last try was made. */
  async function deliveries(outcomes: Outcome[], directory?: string, retryDelaysMs = [0, 0]) {
    const where = directory ?? (await temporaryDirectory());
    const events: unknown[] = [];
    const settled = Promise.withResolvers<void>();
    const queues = await openQueues(join(where, "queues"));
    await queues.create("r-dead-letters");
    const receivers: Receivers = {
      functions: {
        invoke: async (_name, event) => {
          events.push(event);
          const outcome = outcomes[events.length - 1] ?? outcomes.at(-1) ?? FAILED;
          if (outcome.ok || events.length === 3) settled.resolve();
          return outcome;
        },
      },
      queues,
      apiDestinations: { call: async () => ({ code: "SDK_CLIENT_ERROR", message: "410", passing: false }) },
    };
    const made = createDeliveries(receivers, where, retryDelaysMs);
    const waiting = () => readdir(join(where, "deliveries"));
    const letters = async () => {
      const request = { QueueUrl: "r-dead-letters", MaxNumberOfMessages: 10, VisibilityTimeout: 0 };
      return queues.operations["ReceiveMessage"]?.(request, "");
    };
    return { ...made, events, where, waiting, letters, queues, settled: settled.promise };
  }

  test("that fails twice succeeds the third time", async () => {
    const { accept, events, waiting, settled } = await deliveries([FAILED, FAILED, { ok: true, payload: "null" }]);
    await accept(TO, { n: 1 });
    await settled;
    expect(events).toEqual([{ n: 1 }, { n: 1 }, { n: 1 }]);
    await expect.poll(waiting).toEqual([]);
  });

  test("that fails three times lies in the dead-letter queue with its event and its error, as Lambda writes it", async () => {
    const { accept, events, letters, waiting, settled } = await deliveries([FAILED]);
    await accept(TO, { n: 1 });
    await settled;
    await expect.poll(waiting).toEqual([]);
    expect(events).toHaveLength(3);
    const { Messages } = z.object({ Messages: z.array(z.object({ Body: z.string() })) }).parse(await letters());
    expect(Messages.map(({ Body }) => JSON.parse(Body) as unknown)).toEqual([
      {
        version: "1.0",
        timestamp: expect.any(String),
        requestContext: {
          requestId: expect.any(String),
          functionArn: `${FUNCTION}:$LATEST`,
          condition: "RetriesExhausted",
          approximateInvokeCount: 3,
        },
        requestPayload: { n: 1 },
        responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
        responsePayload: { errorType: "Error", errorMessage: "no", trace: [] },
      },
    ]);
  });

  test("to an endpoint that refuses it is not tried again; its letter is the event, the reason stands beside it", async () => {
    const { accept, letters, waiting } = await deliveries([]);
    const arn = "arn:aws:events:us-east-1:000000000000:api-destination/shop/1";
    await accept({ arn, ruleArn: "the rule", deadLetterArn: DEAD_LETTERS }, { n: 1 });
    await expect.poll(waiting).toEqual([]);
    expect(await letters()).toMatchObject({
      Messages: [
        {
          Body: '{"n":1}',
          MessageAttributes: {
            RULE_ARN: { StringValue: "the rule" },
            TARGET_ARN: { StringValue: arn },
            ERROR_CODE: { StringValue: "SDK_CLIENT_ERROR" },
            ERROR_MESSAGE: { StringValue: "410" },
            RETRY_ATTEMPTS: { StringValue: "0" },
          },
        },
      ],
    });
  });

  test("to a queue is a message there, and a dead letter when the queue is gone", async () => {
    const { accept, letters, waiting, queues } = await deliveries([]);
    await queues.create("orders");
    const to = (name: string) => ({ arn: `arn:aws:sqs:us-east-1:000000000000:${name}`, deadLetterArn: DEAD_LETTERS });
    await accept(to("orders"), { n: 1 });
    await accept(to("gone"), { n: 2 });
    await expect.poll(waiting).toEqual([]);
    const arrived = await queues.operations["ReceiveMessage"]?.({ QueueUrl: "orders" }, "");
    expect(arrived).toMatchObject({ Messages: [{ Body: '{"n":1}' }] });
    expect(await letters()).toMatchObject({
      Messages: [{ Body: '{"n":2}', MessageAttributes: { ERROR_CODE: { StringValue: "NO_RESOURCE" } } }],
    });
  });

  test("that was not finished when the machine stopped is taken up by the next", async () => {
    const first = await deliveries([FAILED], undefined, [60_000]);
    await first.accept(TO, { n: 1 });
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
