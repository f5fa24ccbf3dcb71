// How often an event was tried, and which failure was the last: after that one nothing starts it.
import { beforeEach, expect, it } from "vitest";
import { createDynamoRequestTries } from "../../shared/adapters/dynamo-request-tries.ts";
import type { RequestTries } from "../../shared/media/ports.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";

let tries: RequestTries;
let clock: ManualClock;
beforeEach(async () => {
  clock = new ManualClock();
  tries = createDynamoRequestTries({ ...(await inMemoryDynamoDb()), clock });
});

it("refuses with the third failure, and begins no other try", async () => {
  for (const isLast of [false, false, true]) {
    await tries.begin("event-1");
    expect(await tries.refuseIfLast("event-1")).toBe(isLast);
    clock.advance(60);
  }
  expect(await tries.begin("event-1")).toBe("refused");
  expect(await tries.begin("event-2")).toBe(1);
});

it("refuses nothing that another delivery of the event may yet start", async () => {
  for (let n = 0; n < 3; n++) await tries.begin("event-1");
  expect(await tries.refuseIfLast("event-1")).toBe(false);
  expect(await tries.refuseIfLast("event-1")).toBe(false);
  expect(await tries.refuseIfLast("event-1")).toBe(true);
});

it("refuses with the third failure though a try before it has died", async () => {
  await tries.begin("event-1");
  expect(await tries.refuseIfLast("event-1")).toBe(false);
  clock.advance(60);
  await tries.begin("event-1");
  clock.advance(120);
  await tries.begin("event-1");
  expect(await tries.refuseIfLast("event-1")).toBe(true);
});
