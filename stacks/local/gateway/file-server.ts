// Serves the files of the local store for a valid link: whole, in ranges, and nothing outside the directory.
// Accepts an upload for a valid upload link, of exactly the size that the link was made for.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import send from "send";
import { attachment } from "../../../shared/adapters/attachment.ts";
import { createLocalMediaFiles, verifyFileLink } from "../../../shared/adapters/local-media-files.ts";
import { verifyLocalPlace, type LocalPlace } from "../../../shared/adapters/local-upload-places.ts";
import { readBody } from "./request-body.ts";

const PREFIX = "/files/";

interface Store {
  directory: string;
  linkSecret: string;
  now: () => number;
}

/** Answers `GET`, `HEAD` and `PUT` of `/files/<key>?...&signature=...`: the links and the places that the local store makes. */
export function serveFile(req: IncomingMessage, res: ServerResponse, store: Store): void {
  const { directory, linkSecret, now } = store;
  // The link itself is the permission (no cookie is), so a page of any origin that was given one may use it.
  res.setHeader("Access-Control-Allow-Origin", "*");
  res.setHeader("X-Content-Type-Options", "nosniff");

  if (req.method === "OPTIONS") {
    res.setHeader("Access-Control-Allow-Methods", "GET, HEAD, PUT");
    res.setHeader("Access-Control-Allow-Headers", "*");
    return void res.writeHead(204).end();
  }
  if (req.method !== "GET" && req.method !== "HEAD" && req.method !== "PUT") {
    res.setHeader("Allow", "GET, HEAD, PUT");
    return refuse(res, 405, "method_not_allowed", "Use GET or HEAD with a link, or PUT with the place of an upload.");
  }

  // Parsing the URL resolves "..", encoded or not. Nothing is decoded: a key holds no character that would be encoded.
  const url = URL.parse(req.url ?? "", "http://localhost");
  if (!url?.pathname.startsWith(PREFIX)) return refuse(res, ...NOT_FOUND);
  const key = url.pathname.slice(PREFIX.length);
  const expires = url.searchParams.get("expires") ?? "";
  const signature = url.searchParams.get("signature") ?? "";
  if (req.method === "PUT") {
    const size = url.searchParams.get("size") ?? "";
    return void takeFile(req, res, { key, size, expires, signature }, store).catch(() => refuse(res, ...FAILED));
  }

  const saveAs = url.searchParams.get("saveAs") ?? undefined;
  const secondsLeft = Math.floor(Number(expires) - now() / 1000);
  if (!verifyFileLink({ key, saveAs, expires, signature, linkSecret, now })) {
    if (expires && secondsLeft <= 0) return refuse(res, 403, "link_expired", "This link has ended. Ask for a new one.");
    return refuse(res, 403, "link_invalid", "This link is not valid. Use it exactly as it was given.");
  }

  if (saveAs !== undefined) res.setHeader("Content-Disposition", attachment(saveAs));
  res.setHeader("Cache-Control", `private, max-age=${secondsLeft}, immutable`);
  send(req, key, { root: directory, dotfiles: "ignore", index: false })
    .on("directory", () => refuse(res, ...NOT_FOUND))
    .on("error", (error: { status: number }) => refuse(res, ...(REFUSALS[error.status] ?? FAILED)))
    .pipe(res);
}

async function takeFile(req: IncomingMessage, res: ServerResponse, place: LocalPlace, store: Store): Promise<void> {
  const refusePut = (...refusal: Refusal) => {
    // The rest of the body is read and forgotten, so that the answer reaches a client that is still sending.
    req.resume();
    refuse(res, ...refusal);
  };
  if (!verifyLocalPlace(place, store)) return refusePut(403, "place_invalid", "This place is not valid, or has ended.");
  const size = Number(place.size);
  if (Number(req.headers["content-length"]) !== size)
    return refusePut(403, "size_differs", `This place was made for ${size} bytes.`);
  const body = await readBody(req, size);
  if (body?.length !== size) return refusePut(400, "body_incomplete", "The body ended early.");
  const type = req.headers["content-type"] ?? "application/octet-stream";
  await createLocalMediaFiles({ ...store, linkOrigin: "" }).put(place.key, body, type);
  res.writeHead(200).end();
}

type Refusal = [status: number, code: string, message: string];
const NOT_FOUND: Refusal = [404, "file_not_found", "There is no such file."];
const FAILED: Refusal = [500, "internal_error", "The file could not be read."];
/** What `send` reports, by status. */
const REFUSALS: Record<number, Refusal> = {
  400: NOT_FOUND,
  403: NOT_FOUND,
  404: NOT_FOUND,
  412: [412, "precondition_failed", "The file has changed since you asked for it."],
  416: [416, "range_not_satisfiable", "The file ends before the range that you asked for."],
};

function refuse(res: ServerResponse, ...[status, code, error]: Refusal): void {
  // The file failed midway: a cut connection tells the client that what it has is not all.
  if (res.headersSent) return void res.destroy();
  for (const ofTheFile of ["ETag", "Last-Modified", "Content-Length", "Content-Disposition"])
    res.removeHeader(ofTheFile);
  res.statusCode = status;
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("Content-Type", "application/json");
  res.end(JSON.stringify({ error, code, traceId: randomUUID() }));
}
