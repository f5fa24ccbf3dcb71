// Where callers upload their pictures, in the store that MEDIA_STORE names.
import { createLocalUploadPlaces } from "../adapters/local-upload-places.ts";
import type { UploadPlaces } from "../media/ports.ts";
import { lazy } from "./lazy.ts";
import { mediaStore } from "./media-store.ts";

export const uploadPlaces = lazy((): UploadPlaces => {
  const store = mediaStore();
  return "bucket" in store ? placesInBucket(store.bucket) : createLocalUploadPlaces(store);
});

/** S3's client is read when the first place is asked for. */
function placesInBucket(bucket: string): UploadPlaces {
  const places = lazy(async () => (await import("./s3-media-files.ts")).openS3UploadPlaces(bucket));
  return { open: async (...of) => (await places()).open(...of) };
}
