// The route that serves the local store's files, over real HTTP.
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createLocalMediaFiles } from "../../../shared/adapters/local-media-files.ts";
import type { MediaFiles } from "../../../shared/media/ports.ts";
import { serveFile } from "../../../stacks/local/gateway/file-server.ts";

const NOON = Date.parse("2026-11-22T12:00:00Z");
const KEY = "videos/clip.mp4";
const CONTENT = "0123456789";

let home: string;
let server: Server;
let origin: string;
let files: MediaFiles;
let link: string;
let now: number;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "file-server-"));
  await writeFile(join(home, "secret.txt"), "the secret beside the directory");
  await mkdir(join(home, "media"));
  await writeFile(join(home, "media", ".hidden"), "the secret in the directory");

  const options = { directory: join(home, "media"), linkSecret: "a secret of this test", now: () => now };
  server = createServer((req, res) => serveFile(req, res, options));
  await once(server.listen(0), "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the server has no port");
  origin = `http://127.0.0.1:${address.port}`;
  files = createLocalMediaFiles({ ...options, linkOrigin: origin });

  now = NOON;
  await files.put(KEY, Buffer.from(CONTENT), "video/mp4");
  link = await files.link(KEY);
});
beforeEach(() => {
  now = NOON;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true });
});

/** Checks that an answer is a refusal as every route gives it. */
async function expectRefusal(answer: Response, status: number, code: string) {
  expect([answer.status, answer.headers.get("content-type")]).toEqual([status, "application/json"]);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("etag")).toBeNull();
  expect(await answer.text()).toMatch(new RegExp(`^{"error":"[^"]+","code":"${code}","traceId":"[\\w-]{36}"}$`));
}

/** A request whose path is sent as it stands: `fetch` would clean it. */
async function getRaw(path: string): Promise<{ status?: number; body: string }> {
  const answer = await new Promise<IncomingMessage>((answered, failed) => {
    request(origin, { path }).on("response", answered).on("error", failed).end();
  });
  return { status: answer.statusCode, body: await text(answer) };
}

describe("the holder of a link", () => {
  it("gets the file, its type, and how long to keep it", async () => {
    const answer = await fetch(link);
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "content-type": "video/mp4",
      "content-length": "10",
      "accept-ranges": "bytes",
      "cache-control": "private, max-age=3600, immutable",
      "access-control-allow-origin": "*",
      "x-content-type-options": "nosniff",
    });
    expect(await answer.text()).toBe(CONTENT);
  });

  it("gets the type by the file's extension", async () => {
    await files.put("sources/a.jpg", Buffer.from("x"), "image/jpeg");
    expect((await fetch(await files.link("sources/a.jpg"))).headers.get("content-type")).toBe("image/jpeg");
  });

  it("may keep the file as long as the link lives", async () => {
    now = NOON + 3_599_500;
    expect((await fetch(link)).headers.get("cache-control")).toBe("private, max-age=0, immutable");
  });

  it("may ask for the headers only", async () => {
    const answer = await fetch(link, { method: "HEAD" });
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, "10"]);
    expect(await answer.text()).toBe("");
  });

  it.each([
    ["bytes=2-4", "234", "bytes 2-4/10"],
    ["bytes=7-", "789", "bytes 7-9/10"],
    ["bytes=-3", "789", "bytes 7-9/10"],
    ["bytes=0-1000", CONTENT, "bytes 0-9/10"],
  ])("may ask for a part: %s", async (range, part, contentRange) => {
    const answer = await fetch(link, { headers: { range } });
    expect([answer.status, answer.headers.get("content-range")]).toEqual([206, contentRange]);
    expect(await answer.text()).toBe(part);
  });

  it("is told when the part lies behind the end", async () => {
    const answer = await fetch(link, { headers: { range: "bytes=10-" } });
    expect(answer.headers.get("content-range")).toBe("bytes */10");
    await expectRefusal(answer, 416, "range_not_satisfiable");
  });

  it("is not sent again what it has already", async () => {
    const etag = (await fetch(link)).headers.get("etag") ?? "";
    // Without a Cache-Control of its own, Node's fetch would add "no-cache", which asks for the whole file.
    const headers = { "if-none-match": etag, "cache-control": "max-age=0" };
    const answer = await fetch(link, { headers });
    expect([answer.status, await answer.text()]).toEqual([304, ""]);
  });

  it("gets the whole file when it was replaced since the first part", async () => {
    const answer = await fetch(link, { headers: { range: "bytes=2-4", "if-range": '"another"' } });
    expect([answer.status, await answer.text()]).toEqual([200, CONTENT]);
  });

  it("is told that the file is gone", async () => {
    await expectRefusal(await fetch(await files.link("videos/gone.mp4")), 404, "file_not_found");
    await expectRefusal(await fetch(await files.link("videos")), 404, "file_not_found");
  });

  it.each(["POST", "DELETE", "PATCH"])("cannot %s", async (method) => {
    const answer = await fetch(link, { method });
    expect(answer.headers.get("allow")).toBe("GET, HEAD, PUT");
    await expectRefusal(answer, 405, "method_not_allowed");
  });
});

describe("no other caller gets a byte", () => {
  it("not with a link that has ended", async () => {
    now = NOON + 3_600_000;
    await expectRefusal(await fetch(link), 403, "link_expired");
  });

  it.each([
    ["of another file", (valid: string) => valid.replace("clip", "other")],
    ["without a signature", (valid: string) => valid.replace(/&signature=.*/, "")],
    ["with another signature", (valid: string) => valid.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))],
    ["with a later end", (valid: string) => valid.replace("expires=1", "expires=2")],
    ["with an end that is no number", (valid: string) => valid.replace(/expires=\d+/, "expires=never")],
    ["with nothing", (valid: string) => valid.replace(/\?.*/, "")],
  ])("not with a link %s", async (_, forge) => {
    await expectRefusal(await fetch(forge(link)), 403, "link_invalid");
  });

  it("not under another path, even with a valid link", async () => {
    await expectRefusal(await fetch(link.replace("/files/", "/filez/")), 404, "file_not_found");
  });

  it.each([
    "/files/../secret.txt",
    "/files/%2e%2e/secret.txt",
    "/files/..%2fsecret.txt",
    "/files/%2e%2e%2fsecret.txt",
    "/files/videos/..%5c..%5csecret.txt",
    "/files/videos/%252e%252e/%252e%252e/secret.txt",
    "/files//etc/passwd",
    "/files/%00",
    "/files/%",
    "/files/.hidden",
    "/files/",
    "/files",
    "/secret.txt",
    "//",
    "*",
  ])("not through the path %s", async (path) => {
    const query = new URL(link).search;
    for (const { status, body } of [await getRaw(path), await getRaw(path + query)]) {
      expect([403, 404]).toContain(status);
      expect(body).not.toContain("the secret");
    }
  });
});
