// What a run of the tests puts on disk lies in one directory, and goes with the run.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** vitest's workers begin after it, with the environment as it then is. */
export async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(path.join(tmpdir(), "kling-media-test-"));
  process.env["TMPDIR"] = directory;
  return () => rm(directory, { recursive: true, force: true });
}
