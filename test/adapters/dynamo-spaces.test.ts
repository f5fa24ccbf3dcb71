// The spaces of a tenant, in the emulator of DynamoDB.
import { beforeEach, expect, it } from "vitest";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { createDynamoSpaces } from "../../shared/adapters/dynamo-spaces.ts";
import { listSpaces } from "../../shared/media/spaces.ts";
import type { MediaRecords, Spaces } from "../../shared/media/ports.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { queuedMedia } from "../support/sample-media.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

const AT = "2026-01-01T00:00:00.000Z";
let spaces: Spaces;
let records: MediaRecords;
beforeEach(async () => {
  const dynamo = await inMemoryDynamoDb();
  spaces = createDynamoSpaces({ ...dynamo, ...unreadableItems() });
  records = createDynamoMediaRecords({ ...dynamo, clock: new ManualClock() });
});

it("are listed page by page, each once however often something was started in it, with what is in it", async () => {
  for (const spaceId of ["a", "b", "c", "a"]) await spaces.note({ tenantId: "acme", spaceId }, AT);
  for (const id of ["m1", "m2"]) await records.create(queuedMedia({ id, tenantId: "acme", spaceId: "a" }));
  const first = await listSpaces(spaces, "acme", { limit: 2 });
  expect(first).toEqual({
    items: [
      { id: "a", count: 2, lastStartedAt: AT },
      { id: "b", count: 0, lastStartedAt: AT },
    ],
    nextCursor: "b",
  });
  const second = await listSpaces(spaces, "acme", { limit: 2, cursor: "b" });
  expect(second.items.map(({ id }) => id)).toEqual(["c"]);
});

it("are the tenant's own, also where names imitate a key", async () => {
  await spaces.note({ tenantId: "acme", spaceId: "a" }, AT);
  await spaces.note({ tenantId: "acme#SPACES", spaceId: "b" }, AT);
  expect((await spaces.list("evil", { limit: 10 })).items).toEqual([]);
  expect((await spaces.list("acme", { limit: 10 })).items).toHaveLength(1);
});

it("do not count what is deleted", async () => {
  const media = queuedMedia({ tenantId: "acme", spaceId: "a" });
  await records.create(media);
  await records.create(queuedMedia({ ...media, id: "other", phase: "deleted" }));
  expect(await spaces.count(media)).toEqual({ count: 1, isAll: true });
});

it("are counted as far as one read goes, and it is said that there are more", async () => {
  const words = "x".repeat(2500);
  const many = Array.from({ length: 250 }, (_, n) =>
    queuedMedia({ id: `m${n}`, tenantId: "acme", spaceId: "a", context: words, prompt: words }),
  );
  await Promise.all(many.map((media) => records.create(media)));
  await spaces.note({ tenantId: "acme", spaceId: "a" }, AT);
  const { items } = await listSpaces(spaces, "acme", { limit: 1 });
  expect(items[0]).toMatchObject({ id: "a", more: true });
  expect(items[0]?.count).toBeLessThan(250);
});
