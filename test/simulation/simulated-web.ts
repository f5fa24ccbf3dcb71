// The web under the checked door: names, pictures and fal's video files, and every connection that was made.
import { strangelyAnswered, type Message } from "./receivers.ts";
import type { World } from "./world.ts";

export interface Page {
  statusCode: number;
  headers: Record<string, string>;
  chunks: Uint8Array[];
  /** The connection ends before what was announced. */
  cut?: boolean;
}

const GLOBAL_ADDRESS = "93.184.216.34";
const PRIVATE_ADDRESS = "10.0.0.8";

export class SimulatedWeb {
  /** Pages by their address, query left out. */
  readonly pages = new Map<string, (twist: string | undefined) => Page>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  lookup(hostname: string): Promise<{ address: string; family: number }[]> {
    return this.#world.gate.pass({
      name: "web.lookup",
      perform: (twist) => [
        { address: twist === "a private address" ? PRIVATE_ADDRESS : addressOf(hostname), family: 4 },
      ],
      about: () => hostname,
    });
  }

  /** The answer as Node's `IncomingMessage` shows it: each part of the body is waited for. */
  async get(url: URL, address: string, signal: AbortSignal) {
    const { gate } = this.#world;
    this.#world.observe({ kind: "connection", url: url.href, address });
    const page = await gate.pass({
      name: `web.GET ${url.pathname.endsWith(".mp4") ? "video" : url.hostname === "pictures.example" ? "picture" : "frame"}`,
      perform: (twist) => this.#page(url, twist),
      signal,
      about: () => url.host,
    });
    async function* body() {
      for (const chunk of page.chunks) {
        yield await gate.pass({ name: "web.part", perform: () => chunk, signal });
      }
      if (page.cut) throw Object.assign(new Error("aborted"), { code: "ECONNRESET" });
    }
    return { statusCode: page.statusCode, headers: page.headers, destroy: () => {}, [Symbol.asyncIterator]: body };
  }

  /** A message to a receiver, which is at the other end of the connection, whichever tenant it belongs to. */
  async post(message: Message, address: string, signal: AbortSignal) {
    const { gate, receivers } = this.#world;
    this.#world.observe({ kind: "connection", url: message.url.href, address });
    const { statusCode, headers } = await gate.pass({
      name: "web.POST receiver",
      perform: (twist) => strangelyAnswered(twist) ?? receivers.take(message),
      signal,
      about: () => `${message.url.host} ${message.headers["webhook-id"] ?? ""}`,
    });
    return { statusCode, headers, destroy: () => {}, async *[Symbol.asyncIterator]() {} };
  }

  #page(url: URL, twist: string | undefined): Page {
    if (twist !== undefined && twist in STRANGE_PAGES) {
      return STRANGE_PAGES[twist as keyof typeof STRANGE_PAGES]();
    }
    const page = this.pages.get(`${url.origin}${url.pathname}`)?.(twist) ?? STRANGE_PAGES["answers 404"]();
    const [all = Buffer.of()] = page.chunks;
    if (twist === "is cut short") return { ...page, chunks: [all.subarray(0, all.length / 2)], cut: true };
    if (twist === "is cut short, unannounced") {
      return { ...page, headers: { "content-type": "video/mp4" }, chunks: [all.subarray(0, all.length / 2)] };
    }
    return page;
  }
}

const html = { "content-type": "text/html" };
const STRANGE_PAGES = {
  "answers 404": (): Page => ({ statusCode: 404, headers: html, chunks: [] }),
  "answers 503": (): Page => ({ statusCode: 503, headers: html, chunks: [] }),
  "is a web page": (): Page => ({ statusCode: 200, headers: html, chunks: [Buffer.from("<html>sign in</html>")] }),
  "has 5 GB": (): Page => ({
    statusCode: 200,
    headers: { "content-type": "video/mp4", "content-length": String(5 * 1024 ** 3) },
    chunks: [Buffer.alloc(1024)],
  }),
  redirects: (): Page => ({
    statusCode: 302,
    headers: { ...html, location: "https://internal.example/video.mp4" },
    chunks: [],
  }),
};

/** Names that lead inside; all others lead outside. */
function addressOf(hostname: string): string {
  return hostname.startsWith("internal.") ? PRIVATE_ADDRESS : GLOBAL_ADDRESS;
}

/** A file in two parts, so that there is a middle. */
export function filePage(bytes: Buffer, contentType: string): Page {
  const middle = Math.floor(bytes.length / 2);
  return {
    statusCode: 200,
    headers: { "content-type": contentType, "content-length": String(bytes.length) },
    chunks: [bytes.subarray(0, middle), bytes.subarray(middle)],
  };
}
