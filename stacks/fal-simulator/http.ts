// The few things about HTTP that every endpoint of the simulator needs.
import type { IncomingMessage, ServerResponse } from "node:http";

// A picture of 10 MB grows by a third in base64.
const MAX_BODY_BYTES = 20 * 1024 * 1024;

/** Whether a call carries a key, any key. */
export function hasKey(req: IncomingMessage): boolean {
  return /^Key \S+/.test(req.headers.authorization ?? "");
}

/** Whether it has the scope ADMIN: here a key with `admin` in it has. */
export function isAdminKey(req: IncomingMessage): boolean {
  return /^Key \S*admin/i.test(req.headers.authorization ?? "");
}

/** Answers with JSON. */
export function reply(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  const bytes = Buffer.from(JSON.stringify(body));
  res.writeHead(status, { "content-type": "application/json", "content-length": bytes.length, ...headers }).end(bytes);
}

/** The whole body, or nothing when it is larger than fal takes. */
export async function readBody(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req) {
    if (!(chunk instanceof Buffer)) continue;
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks);
}

/** fal does not look at a body before the job runs: what is no JSON is kept as the text it is. */
export function parseJson(body: Buffer): unknown {
  try {
    const parsed: unknown = JSON.parse(body.toString());
    return parsed;
  } catch {
    return body.toString();
  }
}
