// Files in a private bucket: copied in part by part, measured on the way, opened by links that end.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { MediaFiles } from "../media/ports.ts";
import { checkedKey } from "./file-key.ts";

/** A link signed by a role ends with the role's session at the latest, however long it says it lives. */
const LINK_SECONDS = 60 * 60;
/** Links made within these seconds by one session are equal, so that a browser's cache finds the file again. */
const LINK_STEP_SECONDS = 5 * 60;

/** What lies under a key never changes; whoever has a link may keep the file for as long as the link opens it. */
const CACHE_CONTROL = `private, max-age=${LINK_SECONDS}, immutable`;

/** 3 parts of 8 MB under way: 32 MB of memory for a video of any size (S3 takes 10,000 parts of at least 5 MB). */
const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 3;

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

  return {
    async put(key, body, contentType) {
      const object = { ...at(key), ContentType: contentType, CacheControl: CACHE_CONTROL };
      if (body instanceof Uint8Array) {
        await client.send(new PutObjectCommand({ ...object, Body: body }));
        return { size: body.byteLength, sha256: createHash("sha256").update(body).digest("hex") };
      }
      const { stream, facts } = measured(body);
      // S3 shows nothing before the last part is there; what fails is aborted, and what dies is cleared away by the bucket.
      const params = { ...object, Body: stream };
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
      return facts();
    },

    async read(key, range) {
      const bytes = range && `bytes=${range.start}-${range.end - 1}`;
      try {
        const { Body } = await client.send(new GetObjectCommand({ ...at(key), Range: bytes }));
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (error) {
        // The range begins behind the end.
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

    async link(key) {
      const step = LINK_STEP_SECONDS * 1000;
      const signed = await getSignedUrl(client, new GetObjectCommand(at(key)), {
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

function measured(body: AsyncIterable<Uint8Array>) {
  const hash = createHash("sha256");
  let size = 0;
  async function* chunks() {
    for await (const chunk of body) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
    }
  }
  return {
    stream: Readable.from(chunks(), { objectMode: false }),
    facts: () => ({ size, sha256: hash.digest("hex") }),
  };
}

function absent(error: unknown): undefined {
  if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
  throw error;
}
