// A media that is deleted: gone for all callers at once, its files with it, announced on the bus once, and never paid for again.
import { beforeEach, describe, expect, it } from "vitest";
import { cancelGeneration } from "../../shared/generation/cancel.ts";
import { checkStatus } from "../../shared/generation/check.ts";
import { deleteMedia } from "../../shared/generation/delete.ts";
import { MediaNotFoundError, NotDeletableError } from "../../shared/media/errors.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { keyPrefixes } from "../../shared/media/file-keys.ts";
import { refOf, type Media, type MediaRef } from "../../shared/media/media.ts";
import { startGeneration, type StartCommand } from "../../shared/generation/start.ts";
import type { Phase } from "../../shared/media/status.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { watchMedia } from "../../shared/media/watch.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { storedVideo } from "../support/sample-media.ts";

const DAY_SECONDS = 24 * 3600;

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

/** A generation that has gone its whole way, its files in the store. */
async function completed(overrides: Partial<Media> = {}): Promise<{ ref: MediaRef; keys: string[] }> {
  const ref = await world.given(overrides);
  await submitGeneration(world.deps, ref);
  await finalizeGeneration(world.deps, ref);
  const media = await world.media();
  const keys = [media.video?.key ?? "", media.source?.key ?? ""];
  // What a submit that died before its claim has left.
  const forgotten = `sources/${ref.mediaId}-1-${"0".repeat(32)}.jpg`;
  await world.files.put(forgotten, Buffer.from("x"), "image/jpeg");
  world.published.length = 0;
  return { ref, keys: [...keys, forgotten] };
}

const sizes = (keys: string[]) => Promise.all(keys.map((key) => world.files.size(key)));
const gone = [undefined, undefined, undefined];

describe("a media that its owner deletes", () => {
  it("is gone with all of its files, and that is said on the bus", async () => {
    const { ref, keys } = await completed();
    expect(await sizes(keys)).not.toContain(undefined);
    await deleteMedia(world.deps, ref);

    expect(await sizes(keys)).toEqual(gone);
    await expect(watchMedia(world.deps, ref, {})).rejects.toBeInstanceOf(MediaNotFoundError);
    await expect(cancelGeneration(world.deps, ref)).rejects.toBeInstanceOf(MediaNotFoundError);
    expect((await world.records.list(ref, { limit: 10 })).items).toEqual([]);
    expect(world.published).toMatchObject([{ id: `${ref.mediaId}:deleted`, type: "Media Deleted" }]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("leaves nothing of what it said, and its ids until no key can bring it back", async () => {
    const { ref } = await completed({ name: "Beach", baseMediaId: "picture-1", negativePrompt: "blur" });
    const before = await world.media();
    await deleteMedia(world.deps, ref);
    const left = JSON.stringify(await world.media());
    for (const said of [before.context, before.image.link, before.prompt, before.uploadedBy, "Beach", "blur"]) {
      expect(said).toBeTruthy();
      expect(left).not.toContain(said);
    }
    for (const prefix of keyPrefixes(ref.mediaId)) expect(left).not.toContain(prefix);
    const thirtyDays = world.clock.now() / 1000 + 30 * DAY_SECONDS;
    expect(await world.media()).toMatchObject({ requestId: before.requestId, expiresAt: Math.floor(thirtyDays) });
  });

  it("is deleted once, however often and by however many it is asked", async () => {
    const { ref } = await completed();
    await Promise.all(Array.from({ length: 10 }, () => deleteMedia(world.deps, ref)));
    await deleteMedia(world.deps, ref);
    expect(new Set(world.published.map(({ id }) => id))).toEqual(new Set([`${ref.mediaId}:deleted`]));
  });

  it("is not there for another tenant, and stays", async () => {
    const { ref, keys } = await completed();
    await expect(deleteMedia(world.deps, { ...ref, tenantId: "other" })).rejects.toBeInstanceOf(MediaNotFoundError);
    await expect(deleteMedia(world.deps, { ...ref, spaceId: "other" })).rejects.toBeInstanceOf(MediaNotFoundError);
    expect(await sizes(keys)).not.toContain(undefined);
  });

  it.each<Phase>(["failed", "canceled"])("may have %s, and have no video", async (phase) => {
    const ref = await world.given({ phase });
    await deleteMedia(world.deps, ref);
    expect((await world.media()).phase).toBe("deleted");
  });

  it.each<[Phase, Partial<Media>, string]>([
    ["queued", {}, "still queued: cancel it first"],
    ["submitting", {}, "still submitting"],
    ["generating", {}, "still generating"],
    ["finalizing", {}, "being stored"],
    ["completed", { video: storedVideo(), analysisStatus: "pending" }, "being described"],
  ])("stays while it is %s, and says why", async (phase, more, why) => {
    const ref = await world.given({ phase, ...more });
    const attempt = deleteMedia(world.deps, ref);
    await expect(attempt).rejects.toBeInstanceOf(NotDeletableError);
    await expect(attempt).rejects.toThrow(why);
    expect((await world.media()).phase).toBe(phase);
  });

  it("of an older version stays, and says why", async () => {
    const ref = await world.given({ phase: undefined });
    await expect(deleteMedia(world.deps, ref)).rejects.toThrow("a record of an older version");
  });

  it("ends for a step that comes too late", async () => {
    const { ref } = await completed();
    await deleteMedia(world.deps, ref);
    for (const late of [submitGeneration, finalizeGeneration]) {
      expect(await late(world.deps, ref)).toEqual({ next: "done" });
    }
    expect(await checkStatus(world.deps, ref)).toEqual({ next: "done" });
  });
});

describe("a media that is deleted while a step of it is still under way", () => {
  const minutesOfSweeps = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      world.clock.advance(60);
      await sweepGenerations(world.deps, { all: false });
    }
  };
  const filesPut: string[] = [];
  const remembering = (): typeof world.files => ({
    ...world.files,
    put: (key, ...file) => {
      filesPut.push(key);
      return world.files.put(key, ...file);
    },
  });
  beforeEach(() => void (filesPut.length = 0));

  it("leaves no picture behind, though it was being fetched", async () => {
    const ref = await world.given();
    const fetch: typeof world.fetch = async (...call) => {
      await cancelGeneration(world.deps, ref);
      await deleteMedia(world.deps, ref);
      return world.fetch(...call);
    };
    await submitGeneration({ ...world.deps, fetch, files: remembering() }, ref);
    expect(await sizes(filesPut)).toEqual([expect.any(Number)]);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Canceled"]);

    await minutesOfSweeps(7);
    expect(await sizes(filesPut)).toEqual([undefined]);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Canceled", "Media Deleted"]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("leaves no video behind, though its copy outlived its delivery", async () => {
    const deadlineAt = "2026-01-01T01:00:00.000Z";
    const ref = await world.given({
      phase: "generating",
      requestId: "r1",
      attempt: 1,
      deadlineAt,
      sweepAt: deadlineAt,
    });
    world.kling.status = { status: "COMPLETED" };
    world.clock.advance(3600 + 539);
    const fetch: typeof world.fetch = async (...call) => {
      world.clock.advance(1);
      await sweepGenerations(world.deps, { all: false });
      await deleteMedia(world.deps, ref);
      return world.fetch(...call);
    };
    await finalizeGeneration({ ...world.deps, fetch, files: remembering() }, ref);
    expect(await sizes(filesPut)).toEqual([expect.any(Number)]);

    await minutesOfSweeps(7);
    expect(await sizes(filesPut)).toEqual([undefined]);
    expect(await world.media()).toMatchObject({ phase: "deleted", context: "" });
  });
});

it("a key that comes again does not bring it back, and nothing is paid twice", async () => {
  const { tenantId, spaceId, uploadedBy, context, image, duration } = { ...(await sample()) };
  const command: StartCommand = { tenantId, spaceId, uploadedBy, context, image, duration, generationMode: "standard" };
  const first = await startGeneration(world.deps, command, "the key");
  await submitGeneration(world.deps, refOf(first.media));
  await finalizeGeneration(world.deps, refOf(first.media));
  await deleteMedia(world.deps, refOf(first.media));

  world.executions.clear();
  const again = await startGeneration({ ...world.deps, newId: () => "another" }, command, "the key");
  expect(again).toMatchObject({ replayed: true, media: { id: first.media.id } });
  expect(world.executions.size).toBe(0);
  expect((await world.media()).phase).toBe("deleted");
  expect(world.kling.posts).toHaveLength(1);
});

async function sample(): Promise<Media> {
  const other = await mediaWorld();
  await other.given();
  return other.media();
}

describe("a deletion that dies on the way", () => {
  it("before a file is gone is finished by the sweeper, and unseen already", async () => {
    const { ref, keys } = await completed();
    const files = { ...world.files, deleteAll: () => Promise.reject(new Error("S3 is down")) };
    await expect(deleteMedia({ ...world.deps, files }, ref)).rejects.toThrow("S3 is down");
    await expect(watchMedia(world.deps, ref, {})).rejects.toBeInstanceOf(MediaNotFoundError);
    expect(await sizes(keys)).not.toContain(undefined);
    expect(world.published).toEqual([]);

    world.clock.advance(600);
    await sweepGenerations(world.deps, { all: false });
    expect(await sizes(keys)).toEqual(gone);
    expect(world.published.map(({ id }) => id)).toEqual([`${ref.mediaId}:deleted`]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("before it was heard is heard later", async () => {
    const { ref } = await completed();
    world.bus.down = true;
    await deleteMedia(world.deps, ref);
    world.bus.down = false;
    world.clock.advance(600);
    await sweepGenerations(world.deps, { all: false });
    expect(world.published.map(({ id }) => id)).toEqual([`${ref.mediaId}:deleted`]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("tells in full what the bus has not taken yet, before the record is emptied", async () => {
    world.bus.down = true;
    const { ref, keys } = await completed();
    await deleteMedia(world.deps, ref);
    expect(await sizes(keys)).toEqual(gone);
    for (const down of [true, false, false]) {
      world.bus.down = down;
      world.clock.advance(600);
      await sweepGenerations(world.deps, { all: false });
    }
    expect(world.published.map(({ type }) => type)).toEqual([
      "Generation Started",
      "Generation Completed",
      "Media Analyzed",
      "Media Deleted",
    ]);
    expect((await world.media()).context).toBe("");
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("is finished by the caller who asks again", async () => {
    const { ref, keys } = await completed();
    const files = { ...world.files, deleteAll: () => Promise.reject(new Error("S3 is down")) };
    await expect(deleteMedia({ ...world.deps, files }, ref)).rejects.toThrow("S3 is down");
    await deleteMedia(world.deps, ref);
    expect(await sizes(keys)).toEqual(gone);
  });
});

describe("with a retention", () => {
  it("a media is deleted when its days are over, and not before", async () => {
    const keptUntil = new Date(world.clock.now() + 30 * DAY_SECONDS * 1000).toISOString();
    const { ref, keys } = await completed({ keptUntil });
    expect(await world.records.due("9999", 10)).toEqual([ref]);
    world.clock.advance(30 * DAY_SECONDS - 1);
    await sweepGenerations(world.deps, { all: true });
    expect(await sizes(keys)).not.toContain(undefined);

    world.clock.advance(1);
    await sweepGenerations(world.deps, { all: false });
    expect(await sizes(keys)).toEqual(gone);
    expect(world.published.map(({ id }) => id)).toEqual([`${ref.mediaId}:deleted`]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("a start says how long it is kept", async () => {
    const { tenantId, spaceId, uploadedBy, context, image, duration } = await sample();
    const command = { tenantId, spaceId, uploadedBy, context, image, duration, generationMode: "standard" as const };
    const { media } = await startGeneration({ ...world.deps, retentionDays: 30 }, command);
    expect(media.keptUntil).toBe(new Date(world.clock.now() + 30 * DAY_SECONDS * 1000).toISOString());
    expect((await startGeneration({ ...world.deps, newId: () => "other" }, command)).media).not.toHaveProperty(
      "keptUntil",
    );
  });
});
