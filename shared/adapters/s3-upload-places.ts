// Places in a private bucket where a caller may put one file: presigned, for so many bytes, for a while.
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { UploadPlaces } from "../media/ports.ts";
import { checkedKey } from "./checked-key.ts";

/** The length is part of the signature: S3 refuses a body of any other. A browser sets the header by itself. */
const SIGNED_HEADERS = new Set(["content-length"]);

export function createS3UploadPlaces(options: { client: S3Client; bucket: string; now: () => number }): UploadPlaces {
  const { client, bucket, now } = options;
  return {
    async open(key, size, expiresAt) {
      const command = new PutObjectCommand({ Bucket: bucket, Key: checkedKey(key), ContentLength: size });
      const expiresIn = Math.floor((expiresAt - now()) / 1000);
      const signing = { signingDate: new Date(now()), expiresIn, signableHeaders: SIGNED_HEADERS };
      const url = await getSignedUrl(client, command, signing);
      return { method: "PUT", url, headers: {} };
    },
  };
}
