// Places for uploads, in a directory and in a bucket alike: one file, of one size, for a while, under one key.
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLocalMediaFiles } from "../../shared/adapters/local-media-files.ts";
import { createLocalUploadPlaces } from "../../shared/adapters/local-upload-places.ts";
import { createS3MediaFiles } from "../../shared/adapters/s3-media-files.ts";
import { createS3UploadPlaces } from "../../shared/adapters/s3-upload-places.ts";
import type { MediaFiles, UploadPlaces } from "../../shared/media/ports.ts";
import { serveFile } from "../../stacks/local/gateway/file-server.ts";
import { S3_CREDENTIALS, startS3StandIn } from "../support/s3-stand-in.ts";

const NOON = Date.parse("2026-11-22T12:00:00Z");
const MINUTE = 60_000;
const KEY = "uploads/0123456789abcdef/a-picture";
const PICTURE = Buffer.from("not a picture, but nothing checks here");

interface World {
  places: UploadPlaces;
  files: MediaFiles;
  close: () => Promise<void>;
}

async function inDirectory(now: () => number): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), "upload-places-"));
  const store = { directory, linkSecret: "a secret of this test", now };
  const server = createServer((request, response) => serveFile(request, response, store));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the server has no port");
  const linkOrigin = `http://127.0.0.1:${address.port}`;
  return {
    places: createLocalUploadPlaces({ ...store, linkOrigin }),
    files: createLocalMediaFiles({ ...store, linkOrigin }),
    close: async () => {
      server.close().closeAllConnections();
      await rm(directory, { recursive: true });
    },
  };
}

async function inBucket(now: () => number): Promise<World> {
  const s3 = await startS3StandIn("media-files", now);
  const client = new S3Client({
    endpoint: s3.url,
    region: "us-east-1",
    credentials: S3_CREDENTIALS,
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  const options = { client, bucket: "media-files", now };
  return {
    places: createS3UploadPlaces(options),
    files: createS3MediaFiles({ ...options, linkOrigin: undefined }),
    close: () => s3.close(),
  };
}

describe.each([
  ["a directory", inDirectory],
  ["a bucket", inBucket],
])("a place in %s", (_, open) => {
  let world: World;
  let now = NOON;
  beforeAll(async () => {
    world = await open(() => now);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    now = NOON;
    await world.files.deleteAll(KEY);
  });

  async function put(body: Buffer, { size = PICTURE.length, change = (url: string) => url } = {}) {
    const place = await world.places.open(KEY, size, NOON + 15 * MINUTE);
    now += MINUTE;
    const { method, headers } = place;
    return (await fetch(change(place.url), { method, headers, body: new Uint8Array(body) })).status;
  }
  const stored = async () => world.files.read(KEY).then((bytes) => bytes && Buffer.from(bytes));

  it("takes the bytes it was made for", async () => {
    expect(await put(PICTURE)).toBe(200);
    expect(await stored()).toEqual(PICTURE);
  });

  it("takes the type that a browser sends with a picture, whatever it is", async () => {
    const { url } = await world.places.open(KEY, PICTURE.length, NOON + MINUTE);
    const body = new Blob([PICTURE], { type: "image/png" });
    expect((await fetch(url, { method: "PUT", body })).status).toBe(200);
  });

  it.each([
    ["more", Buffer.concat([PICTURE, PICTURE])],
    ["less", PICTURE.subarray(1)],
    ["nothing", Buffer.alloc(0)],
  ])("takes no other number of bytes: %s", async (_case, bytes) => {
    expect(await put(bytes)).toBe(403);
    expect(await stored()).toBeUndefined();
  });

  it("is no place for another file", async () => {
    expect(await put(PICTURE, { change: (url) => url.replace("a-picture", "another") })).toBe(403);
  });

  it("ends", async () => {
    now = NOON;
    const place = await world.places.open(KEY, PICTURE.length, NOON + 15 * MINUTE);
    now = NOON + 16 * MINUTE;
    expect((await fetch(place.url, { method: "PUT", body: new Uint8Array(PICTURE) })).status).toBe(403);
    expect(await stored()).toBeUndefined();
  });

  it("is for putting: it reads nothing, and a link to read puts nothing", async () => {
    expect(await put(PICTURE)).toBe(200);
    const { url } = await world.places.open(KEY, PICTURE.length, NOON + 15 * MINUTE);
    expect((await fetch(url)).status).toBe(403);
    const link = await world.files.link(KEY);
    expect((await fetch(link, { method: "PUT", body: new Uint8Array(PICTURE) })).status).toBe(403);
  });

  it.each(["../outside", "/etc/passwd", "uploads//b", ".env", ""])("knows no key %j", async (key) => {
    await expect(world.places.open(key, 1, NOON + MINUTE)).rejects.toThrow("cannot be the key of a file");
  });
});
