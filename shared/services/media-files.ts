// The files, in the store that MEDIA_STORE names.
import { createLocalMediaFiles } from "../adapters/local-media-files.ts";
import type { MediaFiles } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";
import { mediaStore } from "./media-store.ts";

export const mediaFiles = lazy((): MediaFiles => {
  const store = mediaStore();
  if ("bucket" in store) return filesInBucket(store.bucket, store.linkOrigin);
  return createLocalMediaFiles({ ...store, now: () => clock.now() });
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
