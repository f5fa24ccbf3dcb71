// A video is copied in a stream: 200 MB of it cost less than 50 MB of memory, whatever the store.
import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, it } from "vitest";
import * as z from "zod";
import { startS3StandIn } from "../support/s3-stand-in.ts";

const CLIP = readFileSync(path.join(import.meta.dirname, "../../stacks/local/samples/placeholder-16x9-5s.mp4"));
const MEGABYTE = 1024 * 1024;
const ROOM = 200 * MEGABYTE;

/** An MP4 may hold room that says nothing (ISO/IEC 14496-12, "free"): the clip with 200 MB of it at its end. */
const freeBox = Buffer.alloc(8);
freeBox.writeUInt32BE(ROOM + freeBox.length);
freeBox.write("free", 4);

function* large() {
  yield CLIP;
  yield freeBox;
  for (let sent = 0; sent < ROOM; sent += MEGABYTE) yield Buffer.alloc(MEGABYTE);
}

const copied = z.object({ size: z.number(), sha256: z.string(), width: z.number(), grownMb: z.number() });

let fal: Server;
let falUrl: string;
beforeAll(async () => {
  fal = createServer((request, response) => {
    if (request.url === "/small.mp4") return response.end(CLIP);
    response.setHeader("content-length", CLIP.length + freeBox.length + ROOM);
    return Readable.from(large()).pipe(response);
  });
  await once(fal.listen(0, "127.0.0.1"), "listening");
  falUrl = `http://127.0.0.1:${z.object({ port: z.number() }).parse(fal.address()).port}`;
});
afterAll(() => void fal.close().closeAllConnections());

async function growthOf(store: string) {
  const child = fork(path.join(import.meta.dirname, "../support/copy-process.ts"), [falUrl, store]);
  const [message] = await Promise.race([once(child, "message"), once(child, "exit").then(() => ["the copy failed"])]);
  const hash = createHash("sha256");
  for (const part of large()) hash.update(part);
  const { grownMb, ...facts } = copied.parse(message);

  expect(facts).toEqual({ size: CLIP.length + freeBox.length + ROOM, sha256: hash.digest("hex"), width: 1920 });
  return grownMb;
}

it("to a directory", { timeout: 60_000 }, async () => {
  const directory = await mkdtemp(path.join(tmpdir(), "copy-"));
  expect(await growthOf(path.basename(directory))).toBeLessThan(50);
  await rm(directory, { recursive: true });
});

it("to a bucket", { timeout: 60_000 }, async () => {
  const s3 = await startS3StandIn("media");
  try {
    expect(await growthOf(s3.url)).toBeLessThan(50);
  } finally {
    await s3.close();
  }
});
