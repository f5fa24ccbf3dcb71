// The dependencies of turning an object into a request.
import type { SourceObjectDeps } from "../media/source-object.ts";
import { clock } from "./clock.ts";
import { announcements } from "./event-bus.ts";
import { lazy } from "./lazy.ts";
import { mediaFiles } from "./media-files.ts";

export const sourceObjectDeps = lazy(async (): Promise<SourceObjectDeps> => {
  const { openS3SourceObjects } = await import("./s3-media-files.ts");
  return { objects: openS3SourceObjects(), files: mediaFiles(), announcements, clock };
});
