// The files, in the store that MEDIA_STORE names.
import { fileURLToPath } from "node:url";
import { createLocalMediaFiles } from "../adapters/local-media-files.ts";
import { EnvironmentError, setting } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { MediaFiles } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

export const mediaFiles = lazy((): MediaFiles => {
  const [store, linkOrigin] = [setting("MEDIA_STORE"), setting("MEDIA_ORIGIN")];
  const linkSecret = linkedSecret("LinkSecret");
  if (store?.startsWith("s3:")) return filesInBucket(new URL(store).hostname, linkOrigin);
  if (store?.startsWith("file:") && linkOrigin !== undefined && linkSecret !== undefined) {
    const directory = fileURLToPath(store);
    return createLocalMediaFiles({ directory, linkOrigin, linkSecret, now: () => clock.now() });
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
