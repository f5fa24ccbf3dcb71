// The files, in the store that MEDIA_STORE names.
import { fileURLToPath } from "node:url";
import { createLocalMediaFiles } from "../adapters/local-media-files.ts";
import { environment, EnvironmentError } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { MediaFiles } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

export const mediaFiles = lazy((): MediaFiles => {
  const { MEDIA_STORE, MEDIA_ORIGIN } = environment();
  const linkSecret = linkedSecret("LinkSecret");
  if (MEDIA_STORE?.startsWith("s3:")) return filesInBucket(new URL(MEDIA_STORE).hostname, MEDIA_ORIGIN);
  if (MEDIA_STORE?.startsWith("file:") && MEDIA_ORIGIN !== undefined && linkSecret !== undefined) {
    const directory = fileURLToPath(MEDIA_STORE);
    return createLocalMediaFiles({ directory, linkOrigin: MEDIA_ORIGIN, linkSecret, now: () => clock.now() });
  }
  throw new EnvironmentError(
    "MEDIA_STORE must name a store: s3://bucket, or file:///directory with MEDIA_ORIGIN and the link secret.",
  );
});

/** S3's client is read when the first file is asked for: it is as large as all the rest of a function that reads none. */
function filesInBucket(bucket: string, linkOrigin: string | undefined): MediaFiles {
  const files = lazy(async () => (await import("./s3-media-files.ts")).openS3MediaFiles(bucket, linkOrigin));
  return {
    put: async (...of) => (await files()).put(...of),
    read: async (...of) => (await files()).read(...of),
    size: async (...of) => (await files()).size(...of),
    link: async (...of) => (await files()).link(...of),
    deleteAll: async (...of) => (await files()).deleteAll(...of),
  };
}
