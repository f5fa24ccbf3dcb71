// Pictures in an operator's own bucket, with their metadata: read once, in the version that was announced.
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { SourceImageError } from "../media/errors.ts";
import type { SourceObjects } from "../media/ports.ts";

/** The port `SourceObjects` over S3. */
export function createS3SourceObjects(client: S3Client): SourceObjects {
  return {
    async read({ bucket, key, versionId }, maxBytes) {
      const object = { Bucket: bucket, Key: key, ...(versionId !== undefined && { VersionId: versionId }) };
      const { Body, ContentLength = 0, ContentType, Metadata = {} } = await client.send(new GetObjectCommand(object));
      // Known before a byte is read; leaving without the body hangs up.
      if (ContentLength > maxBytes || !Body) throw new SourceImageError("image_too_large");
      const metadata = Object.fromEntries(Object.entries(Metadata).map(([name, value]) => [name, readableText(value)]));
      const bytes = await Body.transformToByteArray();
      return { bytes, contentType: ContentType ?? "application/octet-stream", metadata };
    },
  };
}

/** Values that are not ASCII come encoded by RFC 2047, in whole words of one header (AWS: "Working with object metadata"). */
function readableText(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, text: string) =>
      kind.toLowerCase() === "b" ? Buffer.from(text, "base64").toString() : ofQuoted(text),
    );
}

function ofQuoted(text: string): string {
  const bytes = text
    .replaceAll("_", " ")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
