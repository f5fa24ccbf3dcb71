// What every store of files must do, whether it is a directory or a bucket.
import { createHash, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MediaFiles } from "../../shared/media/ports.ts";

/** Runs the contract over one store. `open` makes an empty one whose links can be fetched from here. */
export function describeMediaFiles(
  name: string,
  open: () => Promise<{ files: MediaFiles; close: () => Promise<void> }>,
): void {
  describe(`the files in ${name}`, () => {
    let files: MediaFiles;
    let close: () => Promise<void>;
    let count = 0;
    const newKey = () => `videos/clip-${++count}.mp4`;

    beforeAll(async () => {
      ({ files, close } = await open());
    });
    afterAll(() => close());

    it("are kept as they came, and measured on the way", async () => {
      const [key, bytes] = [newKey(), randomBytes(300_000)];
      expect(await files.put(key, inChunks(bytes, 7_001), "video/mp4")).toEqual({
        size: 300_000,
        sha256: sha256(bytes),
      });
      expect(await files.size(key)).toBe(300_000);
      expect(await contentOf(files, key)).toEqual(bytes);
    });

    it("may come in one piece, or be empty", async () => {
      const [key, empty] = [newKey(), newKey()];
      const bytes = new TextEncoder().encode("one piece");
      expect(await files.put(key, bytes, "video/mp4")).toEqual({ size: 9, sha256: sha256(bytes) });
      expect(await contentOf(files, key)).toEqual(Buffer.from(bytes));
      expect(await files.put(empty, inChunks(Buffer.alloc(0), 1), "video/mp4")).toMatchObject({ size: 0 });
      expect(await files.size(empty)).toBe(0);
    });

    it("are read in ranges, whose end is exclusive and may lie behind the file's", async () => {
      const key = newKey();
      await files.put(key, Buffer.from("0123456789"), "video/mp4");
      const range = async (start: number, end: number) =>
        Buffer.from((await files.read(key, { start, end })) ?? "none");
      expect(await range(0, 4)).toEqual(Buffer.from("0123"));
      expect(await range(3, 4)).toEqual(Buffer.from("3"));
      expect(await range(8, 10)).toEqual(Buffer.from("89"));
      expect(await range(8, 100)).toEqual(Buffer.from("89"));
    });

    it("do not exist before they are put", async () => {
      const key = newKey();
      expect(await files.read(key)).toBeUndefined();
      expect(await files.read(key, { start: 0, end: 10 })).toBeUndefined();
      expect(await files.size(key)).toBeUndefined();
    });

    it("are replaced whole", async () => {
      const key = newKey();
      await files.put(key, Buffer.from("a long first version"), "video/mp4");
      await files.put(key, Buffer.from("second"), "video/mp4");
      expect(await contentOf(files, key)).toEqual(Buffer.from("second"));
    });

    it("are deleted by what their keys begin with, all of them and no others; none is no error", async () => {
      const keys = ["videos/m-1.mp4", "videos/m-1.jpg", "videos/m-10.mp4", "videos/m.mp4", "sources/m-1-a.jpg"];
      for (const key of keys) await files.put(key, Buffer.from("x"), "video/mp4");
      const left = async () => {
        const sizes = await Promise.all(keys.map((key) => files.size(key)));
        return keys.filter((_, n) => sizes[n] !== undefined);
      };
      await files.deleteAll("videos/m-1.");
      expect(await left()).toEqual(["videos/m-10.mp4", "videos/m.mp4", "sources/m-1-a.jpg"]);
      await files.deleteAll("videos/m-1.");
      await files.deleteAll("nowhere/m-1.");
      await files.deleteAll("sources/m-1-");
      expect(await left()).toEqual(["videos/m-10.mp4", "videos/m.mp4"]);
    });

    it("are not there, or are still the old ones, when the body fails on the way", async () => {
      const [fresh, kept] = [newKey(), newKey()];
      await files.put(kept, Buffer.from("the old one"), "video/mp4");
      for (const key of [fresh, kept])
        await expect(files.put(key, breakingOff(), "video/mp4")).rejects.toThrow("the source hung up");
      expect(await files.size(fresh)).toBeUndefined();
      expect(await contentOf(files, kept)).toEqual(Buffer.from("the old one"));
    });

    it("are never mixed when several are put under one key at once", async () => {
      const key = newKey();
      const bodies = Array.from({ length: 8 }, () => randomBytes(50_000));
      await Promise.all(bodies.map((body) => files.put(key, inChunks(body, 4_096), "video/mp4")));
      expect(bodies.map(sha256)).toContain(sha256(await contentOf(files, key)));
    });

    it("are opened by their link, whole or in part, with their type and no header of ours", async () => {
      const [key, bytes] = [newKey(), randomBytes(10_000)];
      await files.put(key, bytes, "video/mp4");
      const link = await files.link(key);

      const whole = await fetch(link);
      expect([whole.status, whole.headers.get("content-type")]).toEqual([200, "video/mp4"]);
      // As long as the link lives, within the five minutes that links are equal.
      const [, seconds] = /^private, max-age=(\d+), immutable$/.exec(whole.headers.get("cache-control") ?? "") ?? [];
      expect(Number(seconds)).toBeGreaterThanOrEqual(3600);
      expect(Number(seconds)).toBeLessThanOrEqual(3900);
      expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);

      const part = await fetch(link, { headers: { range: "bytes=100-199" } });
      expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 100-199/10000"]);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(100, 200));
    });

    it("are kept under their name by a second link, whole or in part", async () => {
      const [key, bytes] = [newKey(), randomBytes(1_000)];
      await files.put(key, bytes, "video/mp4");
      const link = await files.link(key, "Plage d'été-pro.mp4");
      const whole = await fetch(link);
      expect([whole.status, whole.headers.get("content-type"), whole.headers.get("content-disposition")]).toEqual([
        200,
        "video/mp4",
        `attachment; filename="Plage d'ete-pro.mp4"; filename*=UTF-8''Plage%20d%27%C3%A9t%C3%A9-pro.mp4`,
      ]);
      expect(Buffer.from(await whole.arrayBuffer())).toEqual(bytes);

      const part = await fetch(link, { headers: { range: "bytes=-100" } });
      expect([part.status, part.headers.get("content-range")]).toEqual([206, "bytes 900-999/1000"]);
      expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(900));

      // The link to play it names no file.
      expect((await fetch(await files.link(key))).headers.get("content-disposition")).toBeNull();
    });

    it("are kept under no other name than the link was made for", async () => {
      const key = newKey();
      await files.put(key, Buffer.from("mine"), "video/mp4");
      const link = await files.link(key, "mine.mp4");
      for (const forged of [link.replace("mine.mp4", "invoice.exe"), `${await files.link(key)}&saveAs=invoice.exe`])
        expect((await fetch(forged)).status).toBe(403);
    });

    it("are opened by their own link only", async () => {
      const [key, other] = [newKey(), newKey()];
      await files.put(key, Buffer.from("mine"), "video/mp4");
      await files.put(other, Buffer.from("not mine"), "video/mp4");
      const link = await files.link(key);
      for (const forged of [link.replace(key, other), link.replace(/\?.*/, "")])
        expect((await fetch(forged)).status).toBe(403);
    });
  });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function contentOf(files: MediaFiles, key: string): Promise<Buffer> {
  const bytes = await files.read(key);
  if (!bytes) throw new Error(`there is no file ${key}`);
  return Buffer.from(bytes);
}

async function* inChunks(bytes: Uint8Array, size: number) {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

async function* breakingOff() {
  yield randomBytes(100_000);
  throw new Error("the source hung up");
}
