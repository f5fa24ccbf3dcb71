// What S3 refuses, the stand-in refuses: a store that passes its contract here has kept these rules.
import { randomBytes } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { S3_CREDENTIALS, startS3StandIn } from "../support/s3-stand-in.ts";

const MEGABYTE = 1024 * 1024;
const NOON = Date.parse("2026-11-22T12:00:00Z");
const AT = { Bucket: "media-files", Key: "videos/a.mp4" };

let s3: Awaited<ReturnType<typeof startS3StandIn>>;
let now = NOON;
beforeAll(async () => {
  s3 = await startS3StandIn(AT.Bucket, () => now);
});
afterAll(() => s3.close());
beforeEach(() => {
  now = NOON;
  s3.objects.clear();
  s3.uploads.clear();
});

const clientWith = (options: S3ClientConfig = {}) =>
  new S3Client({ endpoint: s3.url, region: "us-east-1", credentials: S3_CREDENTIALS, maxAttempts: 1, ...options });
/** Sends no checksum that it was not asked for. */
const frugal = () => clientWith({ requestChecksumCalculation: "WHEN_REQUIRED" });

describe("an upload in parts", () => {
  const begin = async (named: { ChecksumAlgorithm?: "CRC32" } = {}) => {
    const { UploadId } = await clientWith().send(new CreateMultipartUploadCommand({ ...AT, ...named }));
    return UploadId ?? "";
  };
  const send = async (UploadId: string, PartNumber: number, bytes: number, client = clientWith()) => {
    const part = { ...AT, UploadId, PartNumber, Body: randomBytes(bytes) };
    const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
    return { PartNumber, ETag, ChecksumCRC32 };
  };
  const complete = (UploadId: string, Parts: CompletedPart[], more: { Key?: string; IfNoneMatch?: string } = {}) =>
    clientWith().send(new CompleteMultipartUploadCommand({ ...AT, UploadId, MultipartUpload: { Parts }, ...more }));

  it("names the checksums of its parts if it named their algorithm, and gets one of them all", async () => {
    const id = await begin({ ChecksumAlgorithm: "CRC32" });
    await complete(id, [await send(id, 1, 5 * MEGABYTE), await send(id, 2, 1)]);
    const { ChecksumCRC32, ChecksumType } = await clientWith().send(
      new HeadObjectCommand({ ...AT, ChecksumMode: "ENABLED" }),
    );
    expect([ChecksumCRC32, ChecksumType]).toEqual([expect.stringMatching(/^.{6}==-2$/), "COMPOSITE"]);
  });

  it("names none if it named no algorithm", async () => {
    const id = await begin();
    const part = await send(id, 1, 1);
    await expect(complete(id, [part])).rejects.toMatchObject({ name: "InvalidPart" });
    await complete(id, [{ PartNumber: 1, ETag: part.ETag }]);
  });

  it("must send, and must name, the checksums it has promised", async () => {
    const id = await begin({ ChecksumAlgorithm: "CRC32" });
    await expect(send(id, 1, 1, frugal())).rejects.toThrow("expected checksum Type: crc32, actual checksum Type: null");
    const { PartNumber, ETag } = await send(id, 1, 1);
    await expect(complete(id, [{ PartNumber, ETag }])).rejects.toThrow("must include the checksum for each part");
    await expect(complete(id, [{ PartNumber, ETag, ChecksumCRC32: "AAAAAA==" }])).rejects.toMatchObject({
      name: "InvalidPart",
    });
  });

  it("is of parts of 5 MB and more, but for the last", async () => {
    const id = await begin();
    const parts = [await send(id, 1, 5 * MEGABYTE - 1), await send(id, 2, 1)];
    const named = parts.map(({ PartNumber, ETag }) => ({ PartNumber, ETag }));
    await expect(complete(id, named)).rejects.toMatchObject({ name: "EntityTooSmall" });
  });

  it("has parts of the numbers 1 to 10,000", async () => {
    const id = await begin();
    for (const number of [0, 10_001]) {
      await expect(send(id, number, 1)).rejects.toMatchObject({ name: "InvalidArgument" });
    }
  });

  it("is completed with parts that are there, in their order, from 1 on where checksums are", async () => {
    const id = await begin({ ChecksumAlgorithm: "CRC32" });
    const [first, second] = [await send(id, 1, 5 * MEGABYTE), await send(id, 2, 5 * MEGABYTE)];
    await expect(complete(id, [second, first])).rejects.toMatchObject({ name: "InvalidPartOrder" });
    await expect(complete(id, [second])).rejects.toMatchObject({ name: "InvalidPartOrder" });
    await expect(complete(id, [first, second, { ...first, PartNumber: 3 }])).rejects.toMatchObject({
      name: "InvalidPart",
    });
    await expect(complete(id, [{ ...first, ETag: second.ETag }])).rejects.toMatchObject({ name: "InvalidPart" });
    await expect(complete(id, [])).rejects.toMatchObject({ name: "MalformedXML" });
    await complete(id, [first, second]);
  });

  it("is known by its id and its key, until it is completed or aborted", async () => {
    const id = await begin();
    const { PartNumber, ETag } = await send(id, 1, 1);
    const parts = [{ PartNumber, ETag }];
    await expect(complete(id, parts, { Key: "videos/b.mp4" })).rejects.toMatchObject({ name: "NoSuchUpload" });
    await complete(id, parts);
    await expect(complete(id, parts)).rejects.toMatchObject({ name: "NoSuchUpload" });
    await expect(send(id, 2, 1)).rejects.toMatchObject({ name: "NoSuchUpload" });
    const abort = new AbortMultipartUploadCommand({ ...AT, UploadId: id });
    await expect(clientWith().send(abort)).rejects.toMatchObject({ name: "NoSuchUpload" });
  });

  it("replaces nothing if it may not", async () => {
    s3.objects.set(AT.Key, { bytes: Buffer.from("the first"), contentType: "video/mp4" });
    const id = await begin();
    const { PartNumber, ETag } = await send(id, 1, 1);
    await expect(complete(id, [{ PartNumber, ETag }], { IfNoneMatch: "*" })).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
  });
});

describe("an object", () => {
  it("that was changed on its way is refused", async () => {
    const changed = new PutObjectCommand({ ...AT, Body: "what came", ChecksumCRC32: "AAAAAA==" });
    await expect(clientWith().send(changed)).rejects.toMatchObject({ name: "BadDigest" });
    expect(s3.objects.size).toBe(0);
  });

  it("is put only if it is not there, where that was asked", async () => {
    const put = (Body: string, IfNoneMatch: string) =>
      clientWith().send(new PutObjectCommand({ ...AT, Body, IfNoneMatch }));
    await put("first", "*");
    await expect(put("second", "*")).rejects.toMatchObject({ name: "PreconditionFailed" });
    await expect(put("third", '"an-etag"')).rejects.toMatchObject({ name: "NotImplemented" });
    expect(s3.objects.get(AT.Key)?.bytes.toString()).toBe("first");
  });

  it("is listed a page at a time", async () => {
    for (let n = 0; n < 2500; n++) s3.objects.set(`videos/${n}`, { bytes: Buffer.alloc(0), contentType: "video/mp4" });
    const sizes: number[] = [];
    for await (const { Contents = [] } of paginateListObjectsV2(
      { client: clientWith() },
      { Bucket: AT.Bucket, Prefix: "videos/" },
    ))
      sizes.push(Contents.length);
    expect(sizes).toEqual([1000, 1000, 500]);
  });
});

describe("a signature", () => {
  const link = (expiresIn = 60) =>
    getSignedUrl(clientWith(), new GetObjectCommand(AT), { expiresIn, signingDate: new Date(NOON) });
  const answered = async (url: string, init: RequestInit = {}) => {
    const answer = await fetch(url, init);
    return [answer.status, /<Code>(\w+)/.exec(await answer.text())?.[1]];
  };
  beforeEach(() => void s3.objects.set(AT.Key, { bytes: Buffer.from("0123456789"), contentType: "video/mp4" }));

  it("of a link holds for its method, its key, its query and its time", async () => {
    const url = await link();
    expect(await answered(url)).toEqual([200, undefined]);
    expect(await answered(url, { method: "HEAD" })).toEqual([403, undefined]);
    expect(await answered(url, { method: "DELETE" })).toEqual([403, "SignatureDoesNotMatch"]);
    expect(await answered(`${url}&response-content-type=text/html`)).toEqual([403, "SignatureDoesNotMatch"]);
    expect(await answered(url.replace("a.mp4", "b.mp4"))).toEqual([403, "SignatureDoesNotMatch"]);
    expect(await answered(url.replace("Expires=60", "Expires=61"))).toEqual([403, "SignatureDoesNotMatch"]);
    now = NOON + 60_000;
    expect(await answered(url)).toEqual([403, "AccessDenied"]);
  });

  it("is asked for, and covers every x-amz- header", async () => {
    const url = await link();
    expect(await answered(url.replace(/\?.*/, ""))).toEqual([403, "AccessDenied"]);
    expect(await answered(url, { headers: { "x-amz-acl": "public-read" } })).toEqual([403, "AccessDenied"]);
    expect(await answered(url, { headers: { range: "bytes=0-1" } })).toEqual([206, undefined]);
  });

  it("of a link lives a week at most", async () => {
    const url = new URL(await link());
    url.searchParams.set("X-Amz-Expires", "604801");
    expect(await answered(url.href)).toEqual([400, "AuthorizationQueryParametersError"]);
  });

  it("of a request is by the right key, and holds for the body", async () => {
    const stranger = clientWith({ credentials: { accessKeyId: "local", secretAccessKey: "another" } });
    await expect(stranger.send(new GetObjectCommand(AT))).rejects.toMatchObject({ name: "SignatureDoesNotMatch" });
    const unknown = clientWith({ credentials: { accessKeyId: "nobody", secretAccessKey: "local" } });
    await expect(unknown.send(new GetObjectCommand(AT))).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
    const late = clientWith({ systemClockOffset: -16 * 60_000 });
    await expect(late.send(new GetObjectCommand(AT))).rejects.toMatchObject({ name: "RequestTimeTooSkewed" });
  });
});

describe("a range", () => {
  const read = async (range: string) => {
    const url = await getSignedUrl(clientWith(), new GetObjectCommand(AT), { signingDate: new Date(NOON) });
    const answer = await fetch(url, { headers: { range } });
    return [answer.status, answer.headers.get("content-range"), answer.status < 300 ? await answer.text() : ""];
  };
  beforeEach(() => void s3.objects.set(AT.Key, { bytes: Buffer.from("0123456789"), contentType: "video/mp4" }));

  it.each([
    ["bytes=2-4", [206, "bytes 2-4/10", "234"]],
    ["bytes=8-", [206, "bytes 8-9/10", "89"]],
    ["bytes=8-100", [206, "bytes 8-9/10", "89"]],
    ["bytes=-3", [206, "bytes 7-9/10", "789"]],
    ["bytes=4-2", [200, null, "0123456789"]],
    ["bytes=0-1,4-5", [200, null, "0123456789"]],
    ["bytes=10-", [416, null, ""]],
  ])("%s", async (range, answer) => {
    expect(await read(range)).toEqual(answer);
  });
});
