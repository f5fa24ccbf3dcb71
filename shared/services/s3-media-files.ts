// S3's client and the store over it, in a module of their own: a bundle reads it when the first file is asked for.
import { S3Client } from "@aws-sdk/client-s3";
import { createS3MediaFiles } from "../adapters/s3-media-files.ts";
import type { MediaFiles } from "../media/ports.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { clock } from "./clock.ts";

/** A part of a large video takes longer than a look at the table. */
const PART_TIMEOUT_MS = 30_000;

/** @param linkOrigin where links lead, if not to S3 itself */
export function openS3MediaFiles(bucket: string, linkOrigin: string | undefined): MediaFiles {
  const requestHandler = { ...AWS_CLIENT.requestHandler, requestTimeout: PART_TIMEOUT_MS };
  const client = new S3Client({ ...AWS_CLIENT, requestHandler });
  return createS3MediaFiles({ client, bucket, linkOrigin, now: () => clock.now() });
}
