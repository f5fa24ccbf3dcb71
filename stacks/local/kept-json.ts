// A small value that outlives the process: read at the start, written whole after each change.
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { StartError } from "./start-error.ts";

export interface Kept<T> {
  readonly value: T;
  /** Resolves when the value as it is now is on the disk. */
  save(): Promise<void>;
}

/** Reads a file of the machine's own state. @throws StartError that names it, because only this code knows what is lost with it */
export function stateIn<T>(file: string, text: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new StartError(`${file} is damaged: put it back as it was, or delete it to start without what it held.`);
  }
}

/** For its owner's eyes: a connection holds a key. @throws StartError when the file holds something else */
export async function keptJson<T>(file: string, schema: z.ZodType<T>, empty: T): Promise<Kept<T>> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  const value = text === undefined ? empty : stateIn(file, text, schema);
  await mkdir(dirname(file), { recursive: true });

  let last = Promise.resolve();
  const write = async () => {
    // Written aside first, so that a kill in the middle leaves the value before.
    await writeFile(`${file}.new`, JSON.stringify(value, null, 2), { mode: 0o600 });
    await rename(`${file}.new`, file);
  };
  return {
    value,
    save() {
      last = last.catch(() => {}).then(write);
      return last;
    },
  };
}
