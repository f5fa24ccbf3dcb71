// Where callers may put their pictures, in the store that MEDIA_STORE names.
import { createLocalUploadPlaces } from "../adapters/local-upload-places.ts";
import { environment, EnvironmentError } from "../environment.ts";
import { linkedSecret } from "../linked.ts";
import type { UploadPlaces } from "../media/ports.ts";
import { lazy } from "./lazy.ts";

export const uploadPlaces = lazy((): UploadPlaces => {
  const { MEDIA_STORE, MEDIA_ORIGIN } = environment();
  const linkSecret = linkedSecret("LinkSecret");
  if (MEDIA_STORE?.startsWith("s3:")) return placesInBucket(new URL(MEDIA_STORE).hostname);
  if (MEDIA_STORE?.startsWith("file:") && MEDIA_ORIGIN !== undefined && linkSecret !== undefined) {
    return createLocalUploadPlaces({ linkOrigin: MEDIA_ORIGIN, linkSecret });
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
