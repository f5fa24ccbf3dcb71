// Reads a request's body, never more of it than allowed.
import type { IncomingMessage } from "node:http";

/**
 * Undefined when the body is longer than allowed: the rest is read and thrown away, so that the answer reaches a client that is still sending.
 * Rejects when the client goes away.
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limitBytes) chunks.push(chunk);
      else {
        chunks = [];
        resolve(undefined);
      }
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    request.on("error", reject);
    request.on("close", () => reject(new Error("The client went away")));
  });
}
