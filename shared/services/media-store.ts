// The store that MEDIA_STORE names, with what it takes to use it: said once for the files and for the places of uploads.
import { fileURLToPath } from "node:url";
import { EnvironmentError, setting } from "../environment.ts";
import { linkedSecret } from "../linked.ts";

export type MediaStore =
  { bucket: string; linkOrigin: string | undefined } | { directory: string; linkOrigin: string; linkSecret: string };

/** @throws EnvironmentError */
export function mediaStore(): MediaStore {
  const [store, linkOrigin] = [setting("MEDIA_STORE"), setting("MEDIA_ORIGIN")];
  if (store?.startsWith("s3:")) return { bucket: new URL(store).hostname, linkOrigin };
  const linkSecret = linkedSecret("LinkSecret");
  if (store?.startsWith("file:") && linkOrigin !== undefined && linkSecret !== undefined) {
    return { directory: fileURLToPath(store), linkOrigin, linkSecret };
  }
  throw new EnvironmentError(
    "MEDIA_STORE must name a store: s3://bucket, or file:///directory with MEDIA_ORIGIN and the link secret.",
  );
}
