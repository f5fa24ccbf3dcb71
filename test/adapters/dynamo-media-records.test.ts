// The records on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { DeleteCommand, PutCommand, DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { describe, expect, it } from "vitest";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { createDynamoTimings } from "../../shared/adapters/dynamo-timings.ts";
import { newMediaItem } from "../../shared/adapters/media-item.ts";
import { mediaSpace } from "../../shared/contract/media-space.ts";
import { UnreadableRecordError } from "../../shared/media/errors.ts";
import { refOf } from "../../shared/media/media.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { progressOf } from "../../shared/media/progress.ts";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { queuedMedia } from "../support/sample-media.ts";
import { unreadableItems } from "../support/unreadable-items.ts";
import { mediaRecordsContract } from "./media-records.contract.ts";

describe("the records on dynalite", () => mediaRecordsContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the records on ${endpoint}`, () => mediaRecordsContract(() => dynamoDbAt(endpoint ?? "")));

it("a start is kept without what it does not say, though another adapter was given the same client since", async () => {
  const { client, table } = await inMemoryDynamoDb();
  const clock = new ManualClock();
  const records = createDynamoMediaRecords({ client, table, clock });
  createDynamoBudget({ client, table, clock });
  createDynamoTimings({ client, table, series: "test", ...unreadableItems() });
  const start = { fingerprint: "f", media: queuedMedia({ name: undefined }), expiresAt: clock.now() / 1000 + 60 };
  expect(await records.putIdempotencyKey("acme", "key", start)).toEqual(start);
});

it("a key that the table forgets while it is asked for is free", async () => {
  const { client, table } = await inMemoryDynamoDb();
  const clock = new ManualClock();
  const start = { fingerprint: "f", media: queuedMedia(), expiresAt: clock.now() / 1000 + 60 };
  await createDynamoMediaRecords({ client, table, clock }).putIdempotencyKey("acme", "key", start);
  const key = { pk: "TENANT#acme#KEY#enhance", sk: "KEY#key" };
  const forget = () => DynamoDBDocumentClient.from(client).send(new DeleteCommand({ TableName: table, Key: key }));
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        if (commandName === "GetItemCommand") await forget();
        return next(args);
      },
    { step: "initialize" },
  );
  const second = { ...start, fingerprint: "g" };
  expect(await createDynamoMediaRecords({ client, table, clock }).putIdempotencyKey("acme", "key", second)).toEqual(
    second,
  );
});

it("a move whose answer was lost is known for our own, and another's is not", async () => {
  let updates = 0;
  const loses = (operation: string) => operation === "UpdateItem" && ++updates === 1;
  const records = createDynamoMediaRecords({ ...(await inMemoryDynamoDb({ loses })), clock: new ManualClock() });
  const media = queuedMedia();
  await records.create(media);
  const claims = () => records.move(refOf(media), "claim", { attempt: 1 }, { version: 1 });
  expect(await claims()).toMatchObject({ moved: true, media: { phase: "submitting", version: 2 } });
  expect(await claims()).toMatchObject({ moved: false, media: { phase: "submitting", version: 2 } });
});

describe("a record with something in it that this version does not read", () => {
  const media = queuedMedia({ phase: "generating", requestId: "r1", attempt: 1 });
  const ref = refOf(media);

  async function withRecord(odd: Record<string, unknown>) {
    const { client, table } = await inMemoryDynamoDb();
    const records = createDynamoMediaRecords({ client, table, clock: new ManualClock() });
    for (const id of ["before", "m1x", "zafter"]) await records.create({ ...media, id });
    const Item = { ...newMediaItem({ ...media, id: "m1x" }), ...odd };
    await DynamoDBDocumentClient.from(client).send(new PutCommand({ TableName: table, Item }));
    return records;
  }

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["a newer mode", { generationMode: "cinema" }, { phase: "generating", requestId: "r1", context: media.context }],
    ["a newer phase", { phase: "paused" }, { phase: undefined, requestId: "r1" }],
    ["a null", { requestId: null }, { requestId: undefined, phase: "generating" }],
    ["a null for what must be there", { context: null, image: null }, { context: "", image: { link: "" } }],
    ["another type", { description: "A wave." }, { description: [{ start: 0, text: "A wave." }] }],
    ["another type inside", { video: { key: 7 } }, { video: undefined, phase: "generating" }],
    ["an unreadable time and version", { createdAt: 5, version: "seven" }, { requestId: "r1" }],
    ["an event of a newer type", { outbox: { e1: { type: "Media Sold", at: "now" } } }, { outbox: {} }],
  ])("%s: is shown as far as it can be read, and the others with it", async (_, odd, shown) => {
    const records = await withRecord(odd);
    const { items } = await records.list(ref, { limit: 10 });
    expect(items.map(({ id }) => id)).toEqual(["zafter", "m1x", "before"]);
    expect({ ...items[1], ...shown }).toEqual(items[1]);
    expect(await records.show({ ...ref, mediaId: "m1x" })).toEqual(items[1]);
    for (const item of items) {
      const wire = await presentMedia({ link: async (key) => `signed:${key}` }, item);
      expect(mediaSpace.safeParse(wire).error).toBeUndefined();
    }
  });

  it("is not acted on: what cannot be read may be the id of a job that is paid for", async () => {
    const records = await withRecord({ requestId: null });
    await expect(records.get({ ...ref, mediaId: "m1x" })).rejects.toThrow(UnreadableRecordError);
    await expect(records.get({ ...ref, mediaId: "m1x" })).rejects.toThrow(/cannot read requestId of it/);
  });
});

it("a key in the index that is none of ours is passed over", async () => {
  const { client, table } = await inMemoryDynamoDb();
  const odd = { pk: "TENANT#%E0%#SPACE#a", sk: "MEDIA#m1", sweepShard: "SWEEP#0", sweepAt: "2020" };
  await DynamoDBDocumentClient.from(client).send(new PutCommand({ TableName: table, Item: odd }));
  const records = createDynamoMediaRecords({ client, table, clock: new ManualClock() });
  expect(await records.due("9999", 10)).toEqual([]);
  expect(await records.allOpen()).toEqual([]);
});

describe("records of older versions", () => {
  const place = { pk: "TENANT#local#SPACE#old", sk: "MEDIA#m1" };
  const ref = { tenantId: "local", spaceId: "old", mediaId: "m1" };

  async function read(item: Record<string, unknown>) {
    const { client, table } = await inMemoryDynamoDb();
    await DynamoDBDocumentClient.from(client).send(new PutCommand({ TableName: table, Item: { ...place, ...item } }));
    const media = await createDynamoMediaRecords({ client, table, clock: new ManualClock() }).get(ref);
    if (!media) throw new Error("not read");
    return { media, shown: await presentMedia({ link: async (key) => `signed:${key}` }, media) };
  }

  it("read without requestId, phase or generationMode, and look like legacy ones to a client", async () => {
    const { media, shown } = await read({
      generationStatus: "generating-video",
      createdAt: "2025-05-01T10:00:00.000Z",
    });
    expect(progressOf(media)).toBe("in_progress");
    expect(shown.media).toMatchObject({ id: "m1", generationStatus: "generating-video" });
    expect(shown.media.phase).toBeUndefined();
    expect(shown.media.requestId).toBeUndefined();
    expect(shown.media.generationMode).toBeUndefined();
  });

  it("read in the original application's shape, the media inside its space and the video by its link", async () => {
    const { media, shown } = await read({
      id: "m1",
      uploadedBy: "ada",
      uploadedAt: "2025-05-01T10:00:00.000Z",
      media: {
        name: "Old one",
        generationStatus: "completed",
        requestId: "r1",
        image: { link: "https://old.example/i.jpg", width: 10, height: 20 },
        video: { link: "https://old.example/v.mp4", quality: "hd", frames: [] },
        description: [{ start: 0, text: "A cat." }],
      },
    });
    expect(progressOf(media)).toBe("completed");
    expect(shown).toMatchObject({ uploadedBy: "ada", uploadedAt: "2025-05-01T10:00:00.000Z" });
    expect(shown.media).toMatchObject({
      name: "Old one",
      requestId: "r1",
      image: { link: "https://old.example/i.jpg", width: 10, height: 20 },
      video: { link: "https://old.example/v.mp4", file_type: "mp4" },
      description: [{ start: 0, text: "A cat." }],
    });
  });

  it.each<Record<string, unknown>>([
    { description: "A cat." },
    { description: null },
    { image: null },
    { image: "https://old.example/i.jpg" },
    { image: { width: 10 } },
    { name: null },
    { error: "It broke." },
    { duration: 5 },
    { duration: "ages" },
    { createdAt: 1746093600000 },
    { createdAt: "yesterday" },
    { generationMode: "PRO" },
    { generationStatus: "generating-image" },
    { generationStatus: null },
    { version: "3" },
    { media: "not an object" },
    { video: { link: 7 } },
    { queuePosition: "first" },
  ])("read with %o in them", async (odd) => {
    expect(mediaSpace.safeParse((await read(odd)).shown).error).toBeUndefined();
  });

  it("are not waiting for anything when they are pictures, and keep what was known of their video", async () => {
    const image = { link: "https://old.example/i.jpg" };
    expect(progressOf((await read({ type: "image", image })).media)).toBe("completed");
    const video = { link: "https://old.example/v.mp4", quality: "hd", width: 1920, height: 1080, fps: 30, size: 9 };
    expect((await read({ video })).shown.media).toMatchObject({ generationStatus: "completed", video });
  });

  it("read when only phase, requestId and generationMode are missing", async () => {
    const video = {
      key: "videos/m1.mp4",
      size: 9,
      sha256: "ab",
      width: 1920,
      height: 1080,
      fps: 24,
      durationInSeconds: 5,
    };
    const { shown } = await read({ video, outbox: {}, attempt: 1, analysisStatus: "completed" });
    expect(shown.media).toMatchObject({
      generationStatus: "completed",
      video: { link: "signed:videos/m1.mp4", fps: 24 },
    });
  });

  it("read with nothing at all in them", async () => {
    expect(progressOf((await read({})).media)).toBe("in_progress");
  });

  it("ignore attributes of versions to come", async () => {
    expect((await read({ hologram: true, createdAt: "2027-01-01T00:00:00.000Z" })).media).not.toHaveProperty(
      "hologram",
    );
  });
});
