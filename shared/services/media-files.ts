// The files, in the store that MEDIA_STORE names.
import { fileURLToPath } from "node:url";
import { createLocalMediaFiles } from "../adapters/local-media-files.ts";
import { environment, EnvironmentError, linkedSecret } from "../environment.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

export const mediaFiles = lazy(() => {
  const { MEDIA_STORE, MEDIA_ORIGIN } = environment();
  const linkSecret = linkedSecret("LinkSecret");
  if (MEDIA_STORE?.startsWith("file:") && MEDIA_ORIGIN !== undefined && linkSecret !== undefined) {
    const directory = fileURLToPath(MEDIA_STORE);
    return createLocalMediaFiles({ directory, linkOrigin: MEDIA_ORIGIN, linkSecret, now: () => clock.now() });
  }
  throw new EnvironmentError(
    "MEDIA_STORE must name a store: file:///directory, with MEDIA_ORIGIN and the link secret.",
  );
});
