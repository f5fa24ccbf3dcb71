// The host of finished videos and frames: real files with ranges, or whatever a fault makes of them.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import send from "send";
import type { Agenda } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Job } from "./jobs.ts";

const HUGE_BYTES = 5 * 1024 ** 3;
const PAGE = "<!doctype html><title>Not here</title><p>This is a page, not a video.</p>\n";

/** Answers `GET /files/{request id}.mp4`, or `.jpg` for a frame. */
export function serveFile(req: IncomingMessage, res: ServerResponse, job: Job, faults: Faults, agenda: Agenda): void {
  const { file } = job;
  const strike = faults.take("file", job);
  if (file === undefined) return void res.writeHead(404).end();
  const { folder, name, type } = file;
  const wholeFile = () => readFileSync(join(folder, name));
  switch (strike?.name) {
    case undefined:
      send(req, `/${name}`, { root: folder }).pipe(res);
      return;
    case "file-404":
      return void res
        .writeHead(404, { "content-type": "application/xml" })
        .end("<Error><Code>NoSuchKey</Code></Error>");
    case "file-500":
      return void res.writeHead(500, { "content-type": "text/plain" }).end("Internal Server Error");
    case "file-wrong-type":
      return void res.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    case "file-not-a-video":
      return void res.writeHead(200, { "content-type": type }).end(PAGE);
    case "file-redirect":
      return void res.writeHead(302, { location: strike.url }).end();
    case "file-truncated": {
      const bytes = wholeFile();
      res.writeHead(200, { "content-type": type, "content-length": bytes.length });
      return void res.write(bytes.subarray(0, bytes.length / 2), () => res.destroy());
    }
    case "file-slow": {
      const bytes = wholeFile();
      res.writeHead(200, { "content-type": type, "content-length": bytes.length });
      res.write(bytes.subarray(0, bytes.length / 2));
      return void agenda.after(strike.seconds * 1000, () => res.end(bytes.subarray(bytes.length / 2)));
    }
    case "file-huge":
      return void pourForever(res, wholeFile()).catch(() => res.destroy());
  }
}

/** Starts like a video and goes on until the reader has had enough. */
async function pourForever(res: ServerResponse, head: Buffer): Promise<void> {
  res.writeHead(200, { "content-type": "video/mp4", "content-length": HUGE_BYTES });
  const gone = once(res, "close");
  let sent = head.length;
  res.write(head);
  const zeros = Buffer.alloc(64 * 1024);
  while (!res.destroyed && sent + zeros.length <= HUGE_BYTES) {
    sent += zeros.length;
    if (!res.write(zeros)) await Promise.race([once(res, "drain"), gone]);
  }
  res.destroy();
}
