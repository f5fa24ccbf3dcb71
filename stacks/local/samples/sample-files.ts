// The samples as files: those that are committed, and placeholder videos of any length, made when they are first asked for.
import { rmSync } from "node:fs";
import { access, mkdtemp, rename, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sampleClip } from "../../../shared/adapters/sample-clips.ts";

const FOLDER = import.meta.dirname;

export interface SampleFile {
  folder: string;
  name: string;
}

let made: Promise<string> | undefined;

/** A folder of this process, gone with it: a clip of an older version is never served. */
function folderOfMade(): Promise<string> {
  made ??= mkdtemp(join(tmpdir(), "placeholders-")).then((folder) => {
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    return folder;
  });
  return made;
}

/** @returns undefined when there is no such sample; `name` may be anything */
export async function sampleFile(name: string): Promise<SampleFile | undefined> {
  if (!/^[\w-]+\.(jpg|mp4)$/.test(name)) return undefined;
  if (await isThere(join(FOLDER, name))) return { folder: FOLDER, name };
  if (!name.endsWith(".mp4")) return undefined;
  const folder = await folderOfMade();
  if (await isThere(join(folder, name))) return { folder, name };
  const clip = await sampleClip(FOLDER, name);
  if (!clip) return undefined;
  const part = join(folder, `${name}.${Math.random().toString(36).slice(2)}`);
  await writeFile(part, clip);
  await rename(part, join(folder, name));
  return { folder, name };
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
