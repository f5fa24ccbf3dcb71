// Files in a private bucket: uploaded in parts, measured on the way, opened by links that expire.
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3ServiceException,
  UploadPartCommand,
  type CompletedPart,
  type S3Client,
} from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { MediaFiles } from "../media/ports.ts";
import { attachment } from "./attachment.ts";
import { checkedKey } from "./checked-key.ts";
import { measuredBody } from "./measured-body.ts";

/**
 * A link signed by a role ends with the role's session at the latest, however long it says it lives (re:Post, "presigned URL
 * expiration"). AWS does not say how old a function's session is: the holder of a refused link asks for a new one.
 */
const LINK_SECONDS = 60 * 60;
/** Links made within these seconds by one session are equal, so that a browser's cache finds the file again. */
const LINK_STEP_SECONDS = 5 * 60;

/** The file of a key never changes; a browser may cache it for as long as its link is valid. */
const CACHE_CONTROL = `private, max-age=${LINK_SECONDS}, immutable`;

/**
 * One part at a time, always in the same memory: `@aws-sdk/lib-storage` would leave each part to the garbage collector, and
 * take 70 to 97 MB for a video of 200 MB. S3 takes 10,000 parts of at least 5 MB.
 */
const PART_BYTES = 8 * 1024 * 1024;

/**
 * Sent when a multipart upload begins and with each part: S3 accepts the parts' checksums at the end only if the algorithm
 * was named at the start, and answers InvalidPart otherwise (S3 API reference, CompletedPart).
 */
const ChecksumAlgorithm = "CRC32";

export interface S3MediaFilesOptions {
  client: S3Client;
  bucket: string;
  /** Where links lead, if not to S3 itself: a CDN in front of the bucket that passes query strings on. */
  linkOrigin: string | undefined;
  now: () => number;
}

/** The `s3://` form of the store. */
export function createS3MediaFiles({ client, bucket, linkOrigin, now }: S3MediaFilesOptions): MediaFiles {
  const at = (key: string) => ({ Bucket: bucket, Key: checkedKey(key) });

  /** S3 shows nothing before the upload is complete; a failed one is aborted, and that of a dead process is removed by the bucket's lifecycle. */
  async function putInParts(
    object: { Bucket: string; Key: string; ContentType: string },
    first: Buffer,
    nextPart: () => Promise<Buffer>,
  ): Promise<void> {
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...object, ChecksumAlgorithm }));
    const upload = { Bucket: object.Bucket, Key: object.Key, UploadId };
    try {
      const Parts: CompletedPart[] = [];
      for (let Body = first; Body.byteLength > 0; Body = await nextPart()) {
        const PartNumber = Parts.length + 1;
        const part = { ...upload, PartNumber, Body, ChecksumAlgorithm } as const;
        const { ETag, ChecksumCRC32 } = await client.send(new UploadPartCommand(part));
        Parts.push({ PartNumber, ETag, ChecksumCRC32 });
      }
      await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload: { Parts } }));
    } catch (error) {
      // The error to report is the first one.
      await client.send(new AbortMultipartUploadCommand(upload)).catch(() => {});
      throw error;
    }
  }

  return {
    async put(key, body, contentType) {
      const object = { ...at(key), ContentType: contentType, CacheControl: CACHE_CONTROL };
      const { chunks, facts } = measuredBody(body);
      const nextPart = partsOf(chunks);
      try {
        const first = await nextPart();
        if (first.byteLength < PART_BYTES) await client.send(new PutObjectCommand({ ...object, Body: first }));
        else await putInParts(object, first, nextPart);
        return facts();
      } finally {
        await chunks.return();
      }
    },

    async read(key, range) {
      const bytes = range && `bytes=${range.start}-${range.end - 1}`;
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...at(key), Range: bytes }));
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        // The range begins after the end of the file.
        if (error instanceof S3ServiceException && error.name === "InvalidRange") return new Uint8Array();
        return absent(error);
      }
    },

    async size(key) {
      try {
        return (await client.send(new HeadObjectCommand(at(key)))).ContentLength;
      } catch (error) {
        return absent(error);
      }
    },

    async link(key, saveAs) {
      const step = LINK_STEP_SECONDS * 1000;
      const saved = saveAs === undefined ? {} : { ResponseContentDisposition: attachment(saveAs) };
      const signed = await getSignedUrl(client, new GetObjectCommand({ ...at(key), ...saved }), {
        signingDate: new Date(Math.floor(now() / step) * step),
        expiresIn: LINK_SECONDS + LINK_STEP_SECONDS,
      });
      if (linkOrigin === undefined) return signed;
      const { pathname, search } = new URL(signed);
      return `${linkOrigin}${pathname}${search}`;
    },

    async deleteAll(prefix) {
      // A media has four files or so.
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client },
        { Bucket: bucket, Prefix: checkedKey(prefix) },
      )) {
        for (const { Key = "" } of Contents) await client.send(new DeleteObjectCommand(at(Key)));
      }
    },
  };
}

/** Gives the body part by part, the last one shorter or empty; each is valid until the next is asked for. */
function partsOf(chunks: AsyncIterable<Uint8Array>): () => Promise<Buffer> {
  const source = chunks[Symbol.asyncIterator]();
  const part = Buffer.allocUnsafeSlow(PART_BYTES);
  let rest: Uint8Array = new Uint8Array();
  return async () => {
    let filled = 0;
    while (filled < PART_BYTES) {
      if (rest.byteLength === 0) {
        const next = await source.next();
        if (next.done === true) break;
        rest = next.value;
      }
      const fitting = rest.subarray(0, PART_BYTES - filled);
      part.set(fitting, filled);
      filled += fitting.byteLength;
      rest = rest.subarray(fitting.byteLength);
    }
    return part.subarray(0, filled);
  };
}

function absent(error: unknown): undefined {
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
  throw error;
}
