// S3's client and what is kept over it, in a module of their own: a bundle reads it when the first file is asked for.
import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import { createS3MediaFiles } from "../adapters/s3-media-files.ts";
import { createS3SourceObjects } from "../adapters/s3-source-objects.ts";
import { createS3UploadPlaces } from "../adapters/s3-upload-places.ts";
import type { MediaFiles, SourceObjects, UploadPlaces } from "../media/ports.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { clock } from "./clock.ts";

/** A part of a large video takes longer than a look at the table. */
const PART_TIMEOUT_MS = 30_000;

/** @param linkOrigin where links lead, if not to S3 itself */
export function openS3MediaFiles(bucket: string, linkOrigin: string | undefined): MediaFiles {
  return createS3MediaFiles({ client: s3(), bucket, linkOrigin, now: () => clock.now() });
}

/** Pictures in the bucket that is watched. */
export function openS3SourceObjects(): SourceObjects {
  return createS3SourceObjects(s3());
}

/** Always at S3 itself: a CDN passes on what is read. */
export function openS3UploadPlaces(bucket: string): UploadPlaces {
  // The uploading client does not compute a checksum, so the link must not promise one.
  const client = s3({ requestChecksumCalculation: "WHEN_REQUIRED" });
  return createS3UploadPlaces({ client, bucket, now: () => clock.now() });
}

function s3(options: S3ClientConfig = {}): S3Client {
  const requestHandler = {
    ...AWS_CLIENT.requestHandler,
    requestTimeout: PART_TIMEOUT_MS,
    socketTimeout: PART_TIMEOUT_MS,
  };
  return new S3Client({ ...AWS_CLIENT, requestHandler, ...options });
}
