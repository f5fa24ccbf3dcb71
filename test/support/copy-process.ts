// Copies one video as the finalize step does (door, store, facts) and reports how much the peak of memory has grown. Run as a separate process.
import { tmpdir } from "node:os";
import path from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { createCheckedFetch } from "../../shared/adapters/checked-fetch.ts";
import { createLocalMediaFiles } from "../../shared/adapters/local-media-files.ts";
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { createS3MediaFiles } from "../../shared/adapters/s3-media-files.ts";
import type { MediaFiles } from "../../shared/media/ports.ts";
import { S3_CREDENTIALS } from "./s3-stand-in.ts";

const [videoOrigin = "", store = ""] = process.argv.slice(2);
const fetch = createCheckedFetch({ trustedOrigins: [videoOrigin] });

const files: MediaFiles = store.startsWith("http")
  ? createS3MediaFiles({
      client: new S3Client({ endpoint: store, region: "us-east-1", credentials: S3_CREDENTIALS, forcePathStyle: true }),
      bucket: "media",
      linkOrigin: undefined,
      now: () => Date.now(),
    })
  : createLocalMediaFiles({
      directory: path.join(tmpdir(), store),
      linkOrigin: videoOrigin,
      linkSecret: "secret",
      now: () => Date.now(),
    });

async function copy(name: string) {
  const { body } = await fetch(`${videoOrigin}/${name}`, { maxBytes: 500 * 1024 * 1024, timeoutMs: 120_000 });
  const stored = await files.put(`videos/${name}`, body, "video/mp4");
  const read = async (start: number, end: number) =>
    (await files.read(`videos/${name}`, { start, end })) ?? new Uint8Array();
  return { ...stored, ...(await readVideoFacts({ size: stored.size, read })) };
}

// What a first copy loads and compiles is no growth of the second.
await copy("small.mp4");
const before = process.resourceUsage().maxRSS;
const copied = await copy("large.mp4");
process.send?.({ ...copied, grownMb: (process.resourceUsage().maxRSS - before) / 1024 });
process.disconnect();
