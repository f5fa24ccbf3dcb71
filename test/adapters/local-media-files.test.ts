// The store of files in a directory: the contract of every store, and what only a directory can get wrong.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLocalMediaFiles, removeUnfinished, verifyFileLink } from "../../shared/adapters/local-media-files.ts";
import { serveFile } from "../../stacks/local/gateway/file-server.ts";
import { describeMediaFiles } from "./media-files.contract.ts";

const LINK_SECRET = "a secret of this test";
const NOON = Date.parse("2026-11-22T12:00:00Z");
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const newDirectory = () => mkdtemp(join(tmpdir(), "media-files-"));

describeMediaFiles("a directory", async () => {
  const directory = await newDirectory();
  const options = { directory, linkSecret: LINK_SECRET, now: () => NOON };
  const server = createServer((req, res) => serveFile(req, res, options));
  await once(server.listen(0), "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the server has no port");
  return {
    files: createLocalMediaFiles({ ...options, linkOrigin: `http://127.0.0.1:${address.port}` }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await rm(directory, { recursive: true });
    },
  };
});

describe("a directory of files", () => {
  let directory: string;
  let now = NOON;
  const filesHere = () =>
    createLocalMediaFiles({ directory, linkOrigin: "http://here.test", linkSecret: LINK_SECRET, now: () => now });
  const namesHere = () => readdir(directory, { recursive: true });

  beforeEach(async () => {
    directory = await newDirectory();
    now = NOON;
  });
  afterEach(() => rm(directory, { recursive: true }));

  it("holds the file under its key, and nothing besides", async () => {
    const files = filesHere();
    await files.put("a.jpg", Buffer.from("x"), "image/jpeg");
    await files.put("videos/b.mp4", Buffer.from("x"), "video/mp4");
    expect((await namesHere()).toSorted()).toEqual(["a.jpg", "videos", "videos/b.mp4"]);
  });

  it("holds nothing of a body that failed", async () => {
    async function* breakingOff() {
      yield Buffer.alloc(100_000);
      throw new Error("the source hung up");
    }
    await expect(filesHere().put("videos/b.mp4", breakingOff(), "video/mp4")).rejects.toThrow();
    expect(await namesHere()).toEqual(["videos"]);
  });

  it("holds no half file after kill -9", async () => {
    const adapter = new URL("../../shared/adapters/local-media-files.ts", import.meta.url).href;
    const program = `
      import { createLocalMediaFiles } from "${adapter}";
      const files = createLocalMediaFiles({ directory: ${JSON.stringify(directory)}, linkOrigin: "", linkSecret: "", now: Date.now });
      async function* endless() {
        for (let chunks = 0; ; chunks++) {
          if (chunks === 3) process.stdout.write("writing");
          yield Buffer.alloc(65_536);
          if (chunks > 3) await new Promise((go) => setImmediate(go));
        }
      }
      await files.put("videos/b.mp4", endless(), "video/mp4");`;
    const writer = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(writer.stdout, "data");
    writer.kill("SIGKILL");
    await once(writer, "exit");

    expect(await namesHere()).toHaveLength(2);
    expect(await filesHere().size("videos/b.mp4")).toBeUndefined();
    await filesHere().put("videos/b.mp4", Buffer.from("the next try"), "video/mp4");
    expect(await filesHere().size("videos/b.mp4")).toBe(12);

    // The start after the kill deletes what no process will finish.
    await removeUnfinished(directory);
    expect((await namesHere()).toSorted()).toEqual(["videos", join("videos", "b.mp4")]);
  });

  it.each([
    "../outside.mp4",
    "videos/../../outside.mp4",
    "videos/..",
    "/etc/passwd",
    "//host/share",
    "C:\\windows",
    "videos\\b.mp4",
    "videos/b\0.mp4",
    "videos//b.mp4",
    "videos/",
    ".env",
    "videos/.hidden",
    "videos/%2e%2e/b.mp4",
    "videos/b.mp4\n",
    "videos/b.mp4?x",
    "",
  ])("knows no key %j", async (key) => {
    const files = filesHere();
    for (const attempt of [
      () => files.put(key, Buffer.from("x"), "video/mp4"),
      () => files.read(key),
      () => files.size(key),
      () => files.link(key),
      () => files.deleteAll(key),
    ])
      await expect(attempt()).rejects.toThrow("cannot be the key of a file");
    expect(await namesHere()).toEqual([]);
  });

  describe("its links", () => {
    const partsOf = (link: string) => {
      const { pathname, searchParams } = new URL(link);
      return {
        key: pathname.replace("/files/", ""),
        expires: searchParams.get("expires") ?? "",
        signature: searchParams.get("signature") ?? "",
      };
    };
    const opens = (parts: ReturnType<typeof partsOf>, linkSecret = LINK_SECRET) =>
      verifyFileLink({ ...parts, linkSecret, now: () => now });

    it("open for an hour, and at most five minutes more", async () => {
      for (now of [NOON, NOON + 1, NOON + 299 * SECOND]) {
        const madeAt = now;
        const parts = partsOf(await filesHere().link("videos/b.mp4"));
        expect(opens(parts)).toBe(true);
        now = madeAt + 60 * MINUTE - 1;
        expect(opens(parts)).toBe(true);
        now = madeAt + 65 * MINUTE;
        expect(opens(parts)).toBe(false);
      }
    });

    it("are equal within five minutes, so that a cache finds the file again", async () => {
      now = NOON + 1;
      const link = await filesHere().link("videos/b.mp4");
      expect(link).toMatch(/^http:\/\/here\.test\/files\/videos\/b\.mp4\?expires=\d{10}&signature=[0-9a-f]{64}$/);
      now = NOON + 5 * MINUTE;
      expect(await filesHere().link("videos/b.mp4")).toBe(link);
      now = NOON + 5 * MINUTE + 1;
      expect(await filesHere().link("videos/b.mp4")).not.toBe(link);
    });

    it("are worth nothing when anything in them was changed", async () => {
      const parts = partsOf(await filesHere().link("videos/b.mp4"));
      expect(opens({ ...parts, key: "videos/c.mp4" })).toBe(false);
      expect(opens({ ...parts, expires: String(Number(parts.expires) + 1) })).toBe(false);
      expect(opens({ ...parts, expires: `${parts.expires}.0` })).toBe(false);
      expect(opens({ ...parts, signature: parts.signature.toUpperCase() })).toBe(false);
      expect(opens({ ...parts, signature: "" })).toBe(false);
      expect(opens({ ...parts, signature: "é".repeat(32) })).toBe(false);
      expect(opens(parts, "another secret")).toBe(false);
    });
  });
});
