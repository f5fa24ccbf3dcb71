// The placeholder videos of the test mode, which `sst dev` lays beside their function.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { sampleClip } from "../adapters/sample-clips.ts";
import { setting } from "../environment.ts";

const SAMPLE_NAME = /^[\w-]+\.(mp4|jpg)$/;
const TYPES: Record<string, string> = { mp4: "video/mp4", jpg: "image/jpeg" };

/** Undefined when there is no such sample. @param name such as `placeholder-16x9-5s.mp4` */
export async function sampleFile(name: string): Promise<{ type: string; bytes: Buffer } | undefined> {
  const [, extension = ""] = SAMPLE_NAME.exec(name) ?? [];
  const type = TYPES[extension];
  if (type === undefined) return undefined;
  const folder = join(setting("LAMBDA_TASK_ROOT"), "stacks/local/samples");
  const bytes = (await sampleClip(folder, name)) ?? (await readFile(join(folder, name)).catch(absent));
  return bytes && { type, bytes };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
