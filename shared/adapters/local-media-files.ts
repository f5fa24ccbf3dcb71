// Files in a directory of this machine: a file exists whole or not at all, and its links are signed and expire.
import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { MediaFiles } from "../media/ports.ts";
import { checkedKey } from "./checked-key.ts";
import { measuredBody } from "./measured-body.ts";
import { isSigned, sign } from "./signed.ts";

const LINK_SECONDS = 60 * 60;
/** Links made within these seconds are equal, so that a browser's cache finds the file again. */
const LINK_STEP_SECONDS = 5 * 60;

/** What signs and checks a link: the key alone opens nothing. */
export interface FileLink {
  key: string;
  /** The name to keep the file under, where the link was made to keep it. */
  saveAs?: string | undefined;
  /** Epoch seconds, as they stand in the link. */
  expires: string;
  signature: string;
}

/**
 * The `file://` form of the store. `linkOrigin` is where the route that serves `/files/<key>` is reached;
 * the content type of a link's answer follows from the key's extension.
 */
export function createLocalMediaFiles(options: {
  directory: string;
  linkOrigin: string;
  linkSecret: string;
  now: () => number;
}): MediaFiles {
  const { directory, linkOrigin, linkSecret, now } = options;
  const pathOf = (key: string) => join(directory, checkedKey(key));

  return {
    async put(key, body) {
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true });
      // A dot in front: no key can name it, no link can open it. Same directory: the rename stays within one file system.
      const unfinished = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
      try {
        const written = await writeDurably(unfinished, body);
        await rename(unfinished, path);
        return written;
      } catch (error) {
        await rm(unfinished, { force: true });
        throw error;
      }
    },

    async read(key, range) {
      await using file = await open(pathOf(key)).catch(absent);
      if (!file) return undefined;
      if (!range) return file.readFile();
      const bytes = Buffer.alloc(range.end - range.start);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, range.start);
      return bytes.subarray(0, bytesRead);
    },

    async size(key) {
      return (await stat(pathOf(key)).catch(absent))?.size;
    },

    async link(key, saveAs) {
      const end = now() / 1000 + LINK_SECONDS;
      const expires = String(Math.ceil(end / LINK_STEP_SECONDS) * LINK_STEP_SECONDS);
      const signature = sign(linkSecret, signedText({ key: checkedKey(key), expires, saveAs }), "hex");
      const query = new URLSearchParams({ expires, ...(saveAs !== undefined && { saveAs }), signature });
      return `${linkOrigin}/files/${key}?${query.toString()}`;
    },

    async deleteAll(prefix) {
      const path = pathOf(prefix);
      const names = (await readdir(dirname(path)).catch(absent)) ?? [];
      // What a process left unfinished has a dot in front.
      const meant = names.filter((name) => name.replace(/^\./, "").startsWith(basename(path)));
      await Promise.all(meant.map((name) => rm(join(dirname(path), name), { force: true })));
    },
  };
}

/** Deletes what a killed process was copying. Only a start of the machine can: then no process is copying. */
export async function removeUnfinished(directory: string): Promise<void> {
  for (const name of (await readdir(directory, { recursive: true }).catch(absent)) ?? []) {
    if (basename(name).startsWith(".")) await rm(join(directory, name), { force: true });
  }
}

/** True when the link is ours and has not expired. */
export function verifyFileLink(link: FileLink & { linkSecret: string; now: () => number }): boolean {
  return isSigned(link.linkSecret, signedText(link), link.signature, "hex") && Number(link.expires) * 1000 > link.now();
}

function signedText({ key, expires, saveAs }: Omit<FileLink, "signature">): string {
  return ["file", key, expires, ...(saveAs === undefined ? [] : [saveAs])].join("\n");
}

/** Returns when the bytes are on the disk, not only in the system's memory. */
async function writeDurably(path: string, body: AsyncIterable<Uint8Array> | Uint8Array) {
  const { chunks, facts } = measuredBody(body);
  await using file = await open(path, "wx");
  await file.writeFile(chunks);
  await file.sync();
  return facts();
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
