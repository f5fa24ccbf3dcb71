// The store of files in a bucket: the contract of every store, and what only a bucket can get wrong.
import { randomBytes } from "node:crypto";
import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createS3MediaFiles } from "../../shared/adapters/s3-media-files.ts";
import { S3_CREDENTIALS, startS3StandIn } from "../support/s3-stand-in.ts";
import { describeMediaFiles } from "./media-files.contract.ts";

const BUCKET = "media-files";
const MEGABYTE = 1024 * 1024;
const NOON = Date.parse("2026-11-22T12:00:00Z");
const MINUTE = 60_000;

type StandIn = Awaited<ReturnType<typeof startS3StandIn>>;

function storeAt(s3: StandIn, { linkOrigin, now = Date.now }: { linkOrigin?: string; now?: () => number } = {}) {
  const client = new S3Client({ endpoint: s3.url, region: "us-east-1", credentials: S3_CREDENTIALS, maxAttempts: 1 });
  return createS3MediaFiles({ client, bucket: BUCKET, linkOrigin, now });
}

describeMediaFiles("a bucket", async () => {
  const s3 = await startS3StandIn(BUCKET);
  return { files: storeAt(s3), close: () => s3.close() };
});

describe("a bucket of files", () => {
  let s3: StandIn;
  let now = NOON;
  beforeEach(async () => {
    now = NOON;
    s3 = await startS3StandIn(BUCKET, () => now);
  });
  afterEach(() => s3.close());

  async function* video(megabytes: number, breakAfter = Infinity) {
    for (let n = 0; n < megabytes; n++) {
      if (n === breakAfter) throw new Error("the source hung up");
      yield Buffer.alloc(MEGABYTE, n);
    }
  }

  it("takes a large video part by part, and shows nothing before the last", async () => {
    expect(await storeAt(s3).put("videos/a.mp4", video(20), "video/mp4")).toMatchObject({ size: 20 * MEGABYTE });
    const operations = s3.requests.map(({ operation }) => operation);
    expect(operations.filter((it) => it === "UploadPart")).toHaveLength(3);
    expect(operations.at(-1)).toBe("CompleteMultipartUpload");
    expect(s3.objects.get("videos/a.mp4")).toMatchObject({ contentType: "video/mp4" });
    expect(s3.uploads.size).toBe(0);
  });

  it.each([
    ["a byte less than a part in one piece", -1, ["PutObject"]],
    ["a part exactly as an upload of one", 0, ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]],
    [
      "a byte more than a part as an upload of two",
      1,
      ["CreateMultipartUpload", "UploadPart", "UploadPart", "CompleteMultipartUpload"],
    ],
  ])("takes %s", async (_, more, operations) => {
    const bytes = randomBytes(8 * MEGABYTE + more);
    const files = storeAt(s3);
    expect(await files.put("videos/a.mp4", bytes, "video/mp4")).toMatchObject({ size: bytes.length });
    expect(s3.requests.map(({ operation }) => operation)).toEqual(operations);
    expect(Buffer.from((await files.read("videos/a.mp4")) ?? "none").equals(bytes)).toBe(true);
  });

  it("keeps no part of a large video that broke off", async () => {
    await expect(storeAt(s3).put("videos/a.mp4", video(20, 18), "video/mp4")).rejects.toThrow("the source hung up");
    expect([s3.objects.size, s3.uploads.size]).toEqual([0, 0]);
  });

  it("keeps no part of a video that S3 did not take whole", async () => {
    let parts = 0;
    s3.faults.before = (operation) => {
      if (operation === "UploadPart" && ++parts === 2) throw new Error("ServiceUnavailable");
    };
    await expect(storeAt(s3).put("videos/a.mp4", video(20), "video/mp4")).rejects.toThrow();
    expect([s3.objects.size, s3.uploads.size]).toEqual([0, 0]);
  });

  it("says when S3 fails, instead of that there is no such file", async () => {
    s3.faults.before = () => {
      throw new Error("InternalError");
    };
    const files = storeAt(s3);
    await expect(files.read("videos/a.mp4")).rejects.toThrow();
    await expect(files.size("videos/a.mp4")).rejects.toThrow();
  });

  it("reads nothing behind the end of a file", async () => {
    const files = storeAt(s3);
    await files.put("videos/a.mp4", Buffer.from("short"), "video/mp4");
    expect(await files.read("videos/a.mp4", { start: 100, end: 200 })).toHaveLength(0);
  });

  it("makes links that live for an hour, and are the same for five minutes", async () => {
    const files = storeAt(s3, { now: () => now });
    await files.put("videos/a.mp4", randomBytes(10), "video/mp4");
    const link = await files.link("videos/a.mp4");
    now = NOON + 4 * MINUTE;
    expect(await files.link("videos/a.mp4")).toBe(link);
    now = NOON + 60 * MINUTE;
    expect((await fetch(link)).status).toBe(200);
    now = NOON + 65 * MINUTE;
    expect((await fetch(link)).status).toBe(403);
  });

  it("leads its links to a CDN, where there is one", async () => {
    const link = new URL(await storeAt(s3, { linkOrigin: "https://media.example.com" }).link("videos/a.mp4"));
    expect([link.origin, link.pathname]).toEqual(["https://media.example.com", `/${BUCKET}/videos/a.mp4`]);
    expect(link.searchParams.get("X-Amz-Signature")).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each(["../outside.mp4", "/etc/passwd", "videos//b.mp4", "videos/b.mp4?x", ".env", ""])(
    "knows no key %j",
    async (key) => {
      const files = storeAt(s3);
      for (const attempt of [
        () => files.put(key, Buffer.from("x"), "video/mp4"),
        () => files.read(key),
        () => files.size(key),
        () => files.link(key),
        () => files.deleteAll(key),
      ])
        await expect(attempt()).rejects.toThrow("cannot be the key of a file");
      expect(s3.requests).toEqual([]);
    },
  );
});
