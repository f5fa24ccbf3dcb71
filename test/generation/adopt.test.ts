// What the original application began and fal still has: every form of its records is taken over with its first look.
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { beforeEach, describe, expect, it } from "vitest";
import { adoptRunning } from "../../shared/generation/adopt.ts";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import type { Media } from "../../shared/media/media.ts";
import { instant } from "../../shared/media/instant.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";

const ref = { tenantId: "local", spaceId: "old", mediaId: "m1" };
const KEY = { pk: "TENANT#local#SPACE#old", sk: "MEDIA#m1" };
const image = { link: "https://old.example/i.jpg", width: 10, height: 20 };

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

async function stored(item: Record<string, unknown>) {
  const { client, table } = world.dynamo;
  await DynamoDBDocumentClient.from(client).send(new PutCommand({ TableName: table, Item: { ...KEY, ...item } }));
}
async function media(): Promise<Media> {
  const found = await world.records.get(ref);
  if (!found) throw new Error("there is no record");
  return found;
}

const FORMS: [string, Record<string, unknown>][] = [
  ["flat", { requestId: "r1", generationMode: "pro", generationStatus: "generating-video", image, context: "Waves." }],
  [
    "with its media inside its space",
    { id: "m1", uploadedBy: "ada", media: { requestId: "r1", image, context: "Waves.", generationMode: "pro" } },
  ],
  ["without a mode", { requestId: "r1", image, context: "Waves." }],
  ["with a status of another version", { requestId: "r1", image, context: "Waves.", generationStatus: "processing" }],
  ["with a null where a text was", { requestId: "r1", image: null, context: "Waves.", name: null, description: null }],
  [
    "with a duration that is a number",
    { requestId: "r1", image, context: "Waves.", duration: 10, createdAt: 1_746_093_600_000 },
  ],
];

describe("a running record of the original application", () => {
  it.each(FORMS)("%s is followed from its first look on, and gets its video", async (_form, item) => {
    await stored(item);
    world.kling.status = { status: "IN_PROGRESS" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "wait" });
    const adopted = await media();
    expect(adopted).toMatchObject({ phase: "generating", requestId: "r1", context: "Waves.", attempt: 1 });
    expect(adopted.deadlineAt).toBe(instant(world.clock.now() + 3_600_000));
    world.kling.status = { status: "COMPLETED" };
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "finalize" });
    await finalizeGeneration(world.deps, ref);
    expect(await media()).toMatchObject({ phase: "completed", video: { key: "videos/m1.mp4" } });
    expect(world.kling.posts).toEqual([]);
  });

  it.each(FORMS)("%s can be canceled", async (_form, item) => {
    await stored(item);
    world.kling.cancelAnswer = "confirmed";
    expect((await cancelGeneration(world.deps, ref)).phase).toBe("canceled");
    expect(world.kling.cancels).toEqual(["r1"]);
  });

  it("gets a workflow from the sweeper within a minute, and ends at the deadline that counts from its first look", async () => {
    await stored(FORMS[0]?.[1] ?? {});
    await adoptRunning(world.deps, await media());
    expect(await sweepGenerations(world.deps, { all: false })).toEqual({ looked: 1, restarted: 1 });
    expect([...world.executions.keys()]).toEqual(["m1-r1"]);
    world.kling.status = { status: "IN_PROGRESS" };
    world.clock.advance(3600);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "fail", code: "timed_out" });
  });

  it("is taken over once, however many look at once", async () => {
    await stored(FORMS[0]?.[1] ?? {});
    const before = await media();
    await Promise.all(Array.from({ length: 10 }, () => adoptRunning(world.deps, before)));
    expect((await media()).version).toBe(before.version + 1);
  });

  it("leaves nothing of its older form behind, so that a deletion takes all it said", async () => {
    await stored({ ...FORMS[1]?.[1], generationStatus: "generating-video" });
    await adoptRunning(world.deps, await media());
    const { client, table } = world.dynamo;
    const { Item } = await DynamoDBDocumentClient.from(client).send(new GetCommand({ TableName: table, Key: KEY }));
    expect(Item).not.toHaveProperty("media");
    expect(Item).not.toHaveProperty("generationStatus");
  });
});

describe("a record of the original application that is not running", () => {
  it.each<[string, Record<string, unknown>]>([
    ["has its video", { requestId: "r1", video: { link: "https://old.example/v.mp4" } }],
    ["has ended", { requestId: "r1", generationStatus: "failed" }],
    ["never reached fal", { generationStatus: "generating-video", image }],
    ["is a picture", { requestId: "r1", type: "image", image }],
  ])("stays as it is when it %s", async (_why, item) => {
    await stored(item);
    const before = await media();
    expect(await adoptRunning(world.deps, before)).toBe(before);
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "done" });
    expect((await media()).phase).toBeUndefined();
  });

  it("is shown as the picture that it is", async () => {
    await stored({ type: "image", media: { image } });
    const shown = await presentMedia(world.files, await media());
    expect(shown.media).toMatchObject({ type: "image", generationStatus: "completed", image });
  });
});
