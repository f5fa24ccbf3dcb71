// Where callers may put their pictures, in the store that MEDIA_STORE names.
import { createLocalUploadPlaces } from "../adapters/local-upload-places.ts";
import { EnvironmentError, setting } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { UploadPlaces } from "../media/ports.ts";
import { lazy } from "./lazy.ts";

export const uploadPlaces = lazy((): UploadPlaces => {
  const [store, linkOrigin] = [setting("MEDIA_STORE"), setting("MEDIA_ORIGIN")];
  const linkSecret = linkedSecret("LinkSecret");
  if (store?.startsWith("s3:")) return placesInBucket(new URL(store).hostname);
  if (store?.startsWith("file:") && linkOrigin !== undefined && linkSecret !== undefined) {
    return createLocalUploadPlaces({ linkOrigin, linkSecret });
  }
  throw new EnvironmentError(
    "MEDIA_STORE must name a store: s3://bucket, or file:///directory with MEDIA_ORIGIN and the link secret.",
  );
});

/** S3's client is read when the first place is asked for. */
function placesInBucket(bucket: string): UploadPlaces {
  const places = lazy(async () => (await import("./s3-media-files.ts")).openS3UploadPlaces(bucket));
  return { open: async (...of) => (await places()).open(...of) };
}
