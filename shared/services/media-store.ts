// The store that MEDIA_STORE names, with what it takes to use it: said once for the files and for the places of uploads.
import { fileURLToPath } from "node:url";
import { environment, EnvironmentError, linkedSecret } from "../environment.ts";

export type MediaStore =
  { bucket: string; linkOrigin: string | undefined } | { directory: string; linkOrigin: string; linkSecret: string };

/** @throws EnvironmentError */
export function mediaStore(): MediaStore {
  const { MEDIA_STORE, MEDIA_ORIGIN: linkOrigin } = environment();
  if (MEDIA_STORE?.startsWith("s3:")) return { bucket: new URL(MEDIA_STORE).hostname, linkOrigin };
  const linkSecret = linkedSecret("LinkSecret");
  if (MEDIA_STORE?.startsWith("file:") && linkOrigin !== undefined && linkSecret !== undefined) {
    return { directory: fileURLToPath(MEDIA_STORE), linkOrigin, linkSecret };
  }
  throw new EnvironmentError(
    "MEDIA_STORE must name a store: s3://bucket, or file:///directory with MEDIA_ORIGIN and the link secret.",
  );
}
