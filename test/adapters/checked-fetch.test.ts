// The checked door, against real servers on this machine: what it lets through, and the corpus of links that it must not.
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server, Socket } from "node:net";
import { randomBytes } from "node:crypto";
import { createServer as createTlsServer } from "node:https";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createCheckedFetch, type Lookup } from "../../shared/adapters/checked-fetch.ts";
import { FetchError, type FetchFault } from "../../shared/media/errors.ts";
import type { CheckedFetch, FetchLimits } from "../../shared/media/ports.ts";

/** Of a server that vouches for itself, under another name: made for these tests, opens nothing. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI/VyGjJrJqzqMOsU
yT0MPpgDBWNQiWblsdGBgJqu+eOhRANCAASXrXL7IanxGw75x5CHs24xES6tinwo
898Y+echGYGA0ughkFI5h+viiYpc15KBN4wR1NNWfxWgDInwXw7LQy+N
-----END PRIVATE KEY-----`;
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBgjCCASmgAwIBAgIUFaToJ1LNOJn6FdmhEdmzcV+uDBAwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLbm9ib2R5LnRlc3QwIBcNMjYxMTI4MTAxNDQ4WhgPMjEyNjEx
MDQxMDE0NDhaMBYxFDASBgNVBAMMC25vYm9keS50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEl61y+yGp8RsO+ceQh7NuMREurYp8KPPfGPnnIRmBgNLoIZBS
OYfr4omKXNeSgTeMEdTTVn8VoAyJ8F8Oy0MvjaNTMFEwHQYDVR0OBBYEFM3przy4
Fh22ZTuHawyAQfp8sKlDMB8GA1UdIwQYMBaAFM3przy4Fh22ZTuHawyAQfp8sKlD
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgZDD3lLPrE5t1hqSF
WJjr2oPgBcy2wyQUIlc6A4bAKH4CIHHsYIeSlx+yKJ8+fa/CF5NOoigW3e/ztUi6
A6lZr7FD
-----END CERTIFICATE-----`;

const LIMITS: FetchLimits = { maxBytes: 1_000_000, timeoutMs: 5_000 };
const IMPATIENT: FetchLimits = { ...LIMITS, timeoutMs: 50 };
/** 2000::1 is a global address that no host has: connecting there is allowed, and leads nowhere. */
const GLOBAL_ADDRESS = { address: "2000::1", family: 6 };

const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** Starts the server on a free port of every local address, and tells the port. */
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0), "listening");
  const address = server.address();
  if (!address || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

/** A server of ours, trusted by the door that comes with it. */
async function trustedServer(listener: RequestListener): Promise<{ url: string; fetch: CheckedFetch }> {
  const url = `http://127.0.0.1:${await listen(createServer(listener))}`;
  return { url, fetch: createCheckedFetch({ trustedOrigins: [url] }) };
}

/** A trusted server that says exactly these bytes and closes the connection. */
async function rawServer(answer: string): Promise<{ url: string; fetch: CheckedFetch }> {
  const server = createTcpServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.end(answer));
  });
  const url = `http://127.0.0.1:${await listen(server)}`;
  return { url, fetch: createCheckedFetch({ trustedOrigins: [url] }) };
}

async function faultOf(attempt: Promise<unknown>): Promise<FetchFault | "none"> {
  try {
    await attempt;
    return "none";
  } catch (error) {
    if (error instanceof FetchError) return error.reason;
    throw error;
  }
}

describe("a link that we may fetch", () => {
  it("delivers the bytes, their type and their length", async () => {
    const { url, fetch } = await trustedServer((_, res) => {
      res.writeHead(200, { "content-type": "Image/PNG", "content-length": 5 }).end("hello");
    });
    const { body, ...facts } = await fetch(`${url}/picture`, LIMITS);
    expect(facts).toEqual({ contentType: "image/png", contentLength: 5 });
    expect(await text(body)).toBe("hello");
  });

  it("delivers a body of unknown length", async () => {
    const { url, fetch } = await trustedServer((_, res) => {
      res.write("hel");
      res.end("lo");
    });
    const { body, ...facts } = await fetch(url, LIMITS);
    expect(facts).toEqual({ contentType: "", contentLength: undefined });
    expect(await text(body)).toBe("hello");
  });

  it("connects to the address that was checked, asking the resolver once", async () => {
    const port = await listen(createServer((req, res) => res.end(req.headers.host)));
    const asked: string[] = [];
    const lookup: Lookup = async (hostname) => {
      asked.push(hostname);
      return [{ address: "127.0.0.1", family: 4 }];
    };
    const origin = `http://images.test:${port}`;
    const { body } = await createCheckedFetch({ trustedOrigins: [origin], lookup })(`${origin}/a`, LIMITS);
    expect(await text(body)).toBe(`images.test:${port}`);
    expect(asked).toEqual(["images.test"]);
  });

  it("takes no more from the server than the reader reads, and hangs up when the reader stops", async () => {
    const chunks = 1_000;
    let produced = 0;
    const closed = Promise.withResolvers<void>();
    const { url, fetch } = await trustedServer((_, res) => {
      const endless = Readable.from(
        (function* () {
          for (; produced < chunks; produced++) yield Buffer.alloc(100_000);
        })(),
        { highWaterMark: 1 },
      );
      res.on("close", closed.resolve);
      endless.pipe(res);
    });
    const { body } = await fetch(url, { maxBytes: chunks * 100_000, timeoutMs: 20_000 });
    for await (const chunk of body) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await closed.promise;
    // What lies in the sockets' buffers on both ends is all that was produced ahead.
    expect(produced).toBeLessThan(chunks / 2);
  });
});

describe("a link that redirects", () => {
  /** `/0` is the file, `/n` redirects n times. */
  const chain: RequestListener = (req, res) => {
    const left = Number(req.url?.slice(1));
    if (left === 0) res.end("hello");
    else res.writeHead(301, { location: `/${left - 1}` }).end("moved");
  };

  it("is followed, three times at most", async () => {
    const { url, fetch } = await trustedServer(chain);
    for (const hops of [1, 2, 3]) expect(await text((await fetch(`${url}/${hops}`, LIMITS)).body)).toBe("hello");
    await expect(fetch(`${url}/4`, LIMITS)).rejects.toThrow("The link redirects more than 3 times.");
    expect(await faultOf(fetch(`${url}/4`, LIMITS))).toBe("redirect");
  });

  it.each([301, 302, 303, 307, 308])(
    "is followed with status %i, to another host that is checked by its own name",
    async (status) => {
      const target = await trustedServer((_, res) => res.end("hello"));
      const { url } = await trustedServer((_, res) => res.writeHead(status, { location: `${target.url}/a` }).end());
      const fetch = createCheckedFetch({ trustedOrigins: [url, target.url] });
      expect(await text((await fetch(url, LIMITS)).body)).toBe("hello");
    },
  );

  it("has one time limit for all of its hops", async () => {
    const { url, fetch } = await trustedServer((req, res) => {
      if (req.url === "/") res.writeHead(302, { location: "/slow" }).end();
    });
    await expect(fetch(`${url}/`, { ...LIMITS, timeoutMs: 200 })).rejects.toThrow("No full answer within 0.2 s.");
  });

  it("without an address is final", async () => {
    const { url, fetch } = await trustedServer((_, res) => res.writeHead(302).end());
    expect(await faultOf(fetch(url, LIMITS))).toBe("redirect");
  });
});

describe("a body that the server has encoded, though it was asked not to", () => {
  const content = "hello ".repeat(1000);
  const bytes = Buffer.from(content);
  it.each<[string, Buffer]>([
    ["gzip", gzipSync(bytes)],
    ["X-GZIP", gzipSync(bytes)],
    ["br", brotliCompressSync(bytes)],
    ["deflate", deflateSync(bytes)],
    // As many servers send it: without its header.
    ["deflate", deflateRawSync(bytes)],
    ["identity", bytes],
    ["gzip, br", brotliCompressSync(gzipSync(bytes))],
  ])("is decoded: %s", async (encoding, encoded) => {
    const { url, fetch } = await trustedServer((req, res) => {
      expect(req.headers["accept-encoding"]).toBe("identity");
      res.writeHead(200, { "content-encoding": encoding, "content-length": encoded.length }).end(encoded);
    });
    const { body, contentLength } = await fetch(url, LIMITS);
    expect(await text(body)).toBe(content);
    expect(contentLength).toBe(encoding === "identity" ? bytes.length : undefined);
  });

  it("is bounded after decoding: a bomb ends at the limit", async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { url, fetch } = await trustedServer((_, res) => res.setHeader("content-encoding", "gzip").end(bomb));
    expect(bomb.length).toBeLessThan(LIMITS.maxBytes);
    const { body } = await fetch(url, LIMITS);
    expect(await faultOf(text(body))).toBe("too_large");
  });

  it("that breaks off, or is not what it is called, is an error and not an end", async () => {
    for (const wrong of [gzipSync(bytes).subarray(0, 40), bytes]) {
      const { url, fetch } = await trustedServer((_, res) => res.setHeader("content-encoding", "gzip").end(wrong));
      const { body } = await fetch(url, LIMITS);
      expect(await faultOf(text(body))).toBe("unavailable");
    }
  });

  it("that is empty is empty", async () => {
    const { url, fetch } = await trustedServer((_, res) => res.setHeader("content-encoding", "br").end());
    expect(await text((await fetch(url, LIMITS)).body)).toBe("");
  });

  it.each(["compress", "zstd", "gzip, gzip, gzip"])(
    "in a way that is not understood is final: %s",
    async (encoding) => {
      const { url, fetch } = await trustedServer((_, res) => res.setHeader("content-encoding", encoding).end("x"));
      expect(await faultOf(fetch(url, LIMITS))).toBe("refused");
    },
  );

  it("is let go when the reader stops", async () => {
    const closed = Promise.withResolvers<void>();
    const { url, fetch } = await trustedServer((_, res) => {
      const endless = Readable.from(
        (function* () {
          for (;;) yield randomBytes(50_000);
        })(),
      );
      res.setHeader("content-encoding", "gzip").on("close", closed.resolve);
      endless.pipe(createGzip()).pipe(res);
    });
    const { body } = await fetch(url, LIMITS);
    for await (const chunk of body) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await closed.promise;
  });
});

describe("an answer that is no delivery", () => {
  it.each<[number, FetchFault]>([
    [404, "not_found"],
    [410, "not_found"],
    [400, "refused"],
    [401, "refused"],
    [403, "refused"],
    [451, "refused"],
    [408, "unavailable"],
    [429, "unavailable"],
    [500, "unavailable"],
    [503, "unavailable"],
    [204, "unavailable"],
    [206, "unavailable"],
  ])("status %i is %s", async (status, reason) => {
    const { url, fetch } = await trustedServer((_, res) => res.writeHead(status).end());
    expect(await faultOf(fetch(url, LIMITS))).toBe(reason);
  });

  it("is too large by its own account, before a byte of the body", async () => {
    const { url, fetch } = await trustedServer((_, res) =>
      res.writeHead(200, { "content-length": 1_000_001 }).write("x"),
    );
    expect(await faultOf(fetch(url, LIMITS))).toBe("too_large");
  });

  it("is too large while it streams, when it does not say its length", async () => {
    const { url, fetch } = await trustedServer((_, res) => {
      Readable.from(Array.from({ length: 50 }, () => Buffer.alloc(65_536))).pipe(res);
    });
    const { body } = await fetch(url, LIMITS);
    expect(await faultOf(text(body))).toBe("too_large");
  });

  it("may be as large as the limit", async () => {
    const { url, fetch } = await trustedServer((_, res) => res.end(Buffer.alloc(1_000)));
    const { body } = await fetch(url, { ...LIMITS, maxBytes: 1_000 });
    expect(await text(body)).toHaveLength(1_000);
  });

  it.each([
    ["with a declared length", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"],
    ["in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nonly this"],
  ])("that breaks off is an error, not an end: %s", async (_, answer) => {
    const { url, fetch } = await rawServer(answer);
    const { body } = await fetch(url, LIMITS);
    expect(await faultOf(text(body))).toBe("unavailable");
  });

  it.each([
    ["no HTTP at all", "220 mail.test ESMTP\r\n"],
    ["nothing", ""],
    ["endless headers", `HTTP/1.1 200 OK\r\n${"x: y\r\n".repeat(20_000)}`],
    ["a switch of protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: foo\r\nConnection: upgrade\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 9\r\n\r\nx"],
  ])("is unavailable when the server says %s", async (_, answer) => {
    const { url, fetch } = await rawServer(answer);
    expect(await faultOf(fetch(url, LIMITS))).toBe("unavailable");
  });

  it("is unavailable when no server listens, the name is unknown or the resolver fails", async () => {
    const gone = createServer();
    const url = `http://127.0.0.1:${await listen(gone)}`;
    await new Promise((closed) => gone.close(closed));
    expect(await faultOf(createCheckedFetch({ trustedOrigins: [url] })(url, LIMITS))).toBe("unavailable");

    const unknown = createCheckedFetch({ trustedOrigins: [], lookup: async () => [] });
    expect(await faultOf(unknown("http://unknown.test/", LIMITS))).toBe("unavailable");
    const failing = createCheckedFetch({ trustedOrigins: [], lookup: () => Promise.reject(new Error("EAI_AGAIN")) });
    expect(await faultOf(failing("http://unknown.test/", LIMITS))).toBe("unavailable");
  });
});

describe("what no further try would mend", () => {
  it("is a host that does not exist: it is named", async () => {
    const lookup: Lookup = () => Promise.reject(Object.assign(new Error("not found"), { code: "ENOTFOUND" }));
    const attempt = createCheckedFetch({ trustedOrigins: [], lookup })("https://pictures.exmaple/a.jpg", LIMITS);
    await expect(attempt).rejects.toThrow('There is no host called "pictures.exmaple". Check the spelling.');
    expect(await faultOf(attempt)).toBe("unreachable");
  });

  it("is a certificate that is not valid", async () => {
    const port = await listen(createTlsServer({ key: KEY, cert: CERTIFICATE }, (_, res) => res.end()));
    const url = `https://127.0.0.1:${port}`;
    const attempt = createCheckedFetch({ trustedOrigins: [url] })(url, LIMITS);
    await expect(attempt).rejects.toThrow(/^The certificate of the server is not valid \([A-Z_]+\)\.$/);
    expect(await faultOf(attempt)).toBe("unreachable");
  });
});

describe("the time limit", () => {
  it("ends a resolver that never answers", async () => {
    const fetch = createCheckedFetch({ trustedOrigins: [], lookup: () => new Promise(() => {}) });
    expect(await faultOf(fetch("http://slow.test/", IMPATIENT))).toBe("unavailable");
  });

  it("ends a server that never answers", async () => {
    const { url, fetch } = await trustedServer(() => {});
    expect(await faultOf(fetch(url, IMPATIENT))).toBe("unavailable");
  });

  it("ends a body that stops midway", async () => {
    const { url, fetch } = await trustedServer((_, res) => res.write("the beginning"));
    const whole = fetch(url, { ...LIMITS, timeoutMs: 500 }).then(({ body }) => text(body));
    await expect(whole).rejects.toThrow("No full answer within 0.5 s.");
  });

  it("hangs up even when no code reads the body", async () => {
    const closed = Promise.withResolvers<void>();
    const { url, fetch } = await trustedServer((_, res) => res.on("close", closed.resolve).write("the beginning"));
    const { body } = await fetch(url, { ...LIMITS, timeoutMs: 500 });
    await closed.promise;
    expect(await faultOf(text(body))).toBe("unavailable");
  });
});

/** Links that lead to us, to our neighbours, or nowhere at all. PORT is a listener's of ours, which must hear nothing. */
const CORPUS = [
  // this machine, in every spelling
  "http://127.0.0.1:PORT/",
  "http://127.0.0.1.:PORT/",
  "http://127.1:PORT/",
  "http://127.255.255.254:PORT/",
  "http://2130706433:PORT/",
  "http://0177.0.0.1:PORT/",
  "http://0x7f.0.0.1:PORT/",
  "http://0x7f000001:PORT/",
  "http://0x7f.1:PORT/",
  "http://0X7F.0.0.0x1:PORT/",
  "http://0177.1:PORT/",
  "http://127.0.1:PORT/",
  "http://127.65535:PORT/",
  "http://00000177.0.0.1:PORT/",
  "http://017700000001:PORT/",
  "http://①②⑦.⓪.⓪.①:PORT/",
  "http://１２７.０.０.１:PORT/",
  "http://２１３０７０６４３３:PORT/",
  "http://0ｘ7f.0.0.1:PORT/",
  "http://127．0．0．1:PORT/",
  "http://127。0。0。1:PORT/",
  "http://%31%32%37.0.0.1:PORT/",
  "http://0:PORT/",
  "http://0.0.0.0:PORT/",
  "http://localhost:PORT/",
  "http://ｌｏｃａｌｈｏｓｔ:PORT/",
  "https://localhost:PORT/",
  "https://127.0.0.1:PORT/",
  "http://LocalHost:PORT/",
  "http:\\\\127.0.0.1:PORT\\",
  "http:127.0.0.1:PORT/",
  "http://127.0.0.1\t:PORT/",
  // the same in IPv6
  "http://[::1]:PORT/",
  "http://[0:0:0:0:0:0:0:1]:PORT/",
  "http://[::]:PORT/",
  "http://[::ffff:127.0.0.1]:PORT/",
  "http://[::ffff:7f00:1]:PORT/",
  "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/",
  "http://[0000:0000:0000:0000:0000:FFFF:7F00:0001]:PORT/",
  "http://[::ffff:0:127.0.0.1]:PORT/",
  "http://[::127.0.0.1]:PORT/",
  "http://[64:ff9b::127.0.0.1]:PORT/",
  "http://[64:ff9b::a9fe:a9fe]/latest/meta-data/",
  "http://[64:ff9b:1::7f00:1]:PORT/",
  "http://[2002:7f00:1::]:PORT/",
  "http://[2002:a9fe:a9fe::1]/latest/meta-data/",
  "http://[2001:0:7f00:1::]:PORT/",
  "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:PORT/",
  "http://[2001:2::1]:PORT/",
  "http://[2001:10::1]:PORT/",
  "http://[2001:20::1]:PORT/",
  "http://[::ffff:8.8.8.8]:PORT/",
  "http://[fe80::1]:PORT/",
  "http://[fe80::1%25lo]:PORT/",
  "http://[fec0::1]:PORT/",
  "http://[fd12:3456:789a::1]:PORT/",
  "http://[ff02::1]:PORT/",
  "http://[100::1]:PORT/",
  "http://[2001:db8::1]:PORT/",
  "http://[3fff::1]:PORT/",
  "http://[4000::1]:PORT/",
  "http://[5f00::1]:PORT/",
  // machines beside us, and the services that hand out credentials
  "http://10.0.0.1/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://100.64.0.1/",
  "http://169.254.169.254/latest/meta-data/",
  "http://169.254.170.2/v2/credentials/",
  "http://0xa9fea9fe/latest/meta-data/",
  "http://2852039166/latest/meta-data/",
  "http://0251.0376.0251.0376/latest/meta-data/",
  "http://169.254.43518/latest/meta-data/",
  "http://１６９.２５４.１６９.２５４/latest/meta-data/",
  "http://[fd00:ec2::254]/latest/meta-data/",
  "http://[::ffff:169.254.169.254]/latest/meta-data/",
  "http://[::a9fe:a9fe]/latest/meta-data/",
  "http://100.100.100.200/latest/meta-data/",
  "http://168.63.129.16/machine/",
  "http://192.0.0.192/opc/v2/",
  "http://0.1.2.3/",
  "http://192.0.2.1/",
  "http://192.88.99.1/",
  "http://198.18.0.1/",
  "http://198.51.100.1/",
  "http://203.0.113.1/",
  "http://224.0.0.1/",
  "http://240.0.0.1/",
  "http://255.255.255.255/",
  // a name and a password in it, or a host that looks like one
  "http://user@127.0.0.1:PORT/",
  "http://:secret@example.com:PORT/",
  "http://example.com@127.0.0.1:PORT/",
  "http://127.0.0.1:PORT@example.com/",
  "http://127.0.0.1:PORT#@example.com/",
  "http://127.0.0.1:PORT\\@example.com/",
  "http://127.0.0.1:PORT?@example.com/",
  "https://user:secret@example.com/",
  // other schemes, and no link at all
  "file:///etc/passwd",
  "ftp://127.0.0.1:PORT/",
  "gopher://127.0.0.1:PORT/_GET",
  "ws://127.0.0.1:PORT/",
  "data:image/png;base64,iVBORw0KGgo=",
  "javascript:alert(1)",
  "blob:http://127.0.0.1:PORT/1",
  "unix:/var/run/docker.sock:/info",
  "//127.0.0.1:PORT/",
  "127.0.0.1:PORT",
  "http://",
  "http://127.0.0.1:99999/",
  "http://1.2.3.4.5/",
  "not a link",
  "",
];

/** What a public name may resolve to when its owner means harm. */
const HOSTILE_ADDRESSES = [
  "127.0.0.1",
  "0.0.0.0",
  "10.1.2.3",
  "169.254.169.254",
  "::1",
  "::ffff:127.0.0.1",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "2002:7f00:1::",
  "fd00:ec2::254",
  "fe80::1%eth0",
  "nonsense",
];

describe(`of ${CORPUS.length} hostile links and ${HOSTILE_ADDRESSES.length * 3} hostile answers of the resolver, none is connected to`, () => {
  let canaryPort: number;
  let connections: number;
  /** Every address that a socket of this process has tried to connect to. */
  let attempts: string[];

  beforeAll(async () => {
    const canary = createServer((_, res) => res.end("you should not be here"));
    canary.on("connection", () => connections++);
    canaryPort = await listen(canary);
  });
  beforeEach(() => {
    [connections, attempts] = [0, []];
    const { connect } = Socket.prototype;
    vi.spyOn(Socket.prototype, "connect").mockImplementation(function (this: Socket, ...options: unknown[]) {
      this.on("connectionAttempt", (address: string) => attempts.push(address));
      return Reflect.apply(connect, this, options) as Socket;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const expectForbidden = async (url: string, fetch: CheckedFetch) => {
    expect(await faultOf(fetch(url, LIMITS))).toBe("forbidden");
    expect({ connections, attempts }).toEqual({ connections: 0, attempts: [] });
  };

  it("the canary can be reached by a door that trusts its origin", async () => {
    const url = `http://127.0.0.1:${canaryPort}`;
    const { body } = await createCheckedFetch({ trustedOrigins: [url] })(url, LIMITS);
    expect(await text(body)).toBe("you should not be here");
    expect({ connections, attempts }).toEqual({ connections: 1, attempts: ["127.0.0.1"] });
  });

  it.each(CORPUS)("%s", async (url) => {
    await expectForbidden(url.replace("PORT", String(canaryPort)), createCheckedFetch({ trustedOrigins: [] }));
  });

  it.each(HOSTILE_ADDRESSES)("a public name that resolves to %s, alone or among global addresses", async (address) => {
    const hostile = { address, family: address.includes(":") ? 6 : 4 };
    for (const answer of [[hostile], [GLOBAL_ADDRESS, hostile], [hostile, GLOBAL_ADDRESS]])
      await expectForbidden(
        `http://rebound.test:${canaryPort}/`,
        createCheckedFetch({ trustedOrigins: [], lookup: async () => answer }),
      );
  });

  it("a name that resolves to a global address when it is checked and to this machine afterwards", async () => {
    let asked = 0;
    const lookup: Lookup = async () => (asked++ === 0 ? [GLOBAL_ADDRESS] : [{ address: "127.0.0.1", family: 4 }]);
    const fetch = createCheckedFetch({ trustedOrigins: [], lookup });
    expect(await faultOf(fetch(`http://rebinding.test:${canaryPort}/`, IMPATIENT))).toBe("unavailable");
    expect({ asked, connections, attempts }).toEqual({ asked: 1, connections: 0, attempts: [GLOBAL_ADDRESS.address] });
  });

  it.each(CORPUS.filter((link) => !/^($|not a link|127|http:[^/])/.test(link)))(
    "%s, where a trusted server redirects to it",
    async (link) => {
      const location = encodeURI(decodeURI(link.replace("PORT", String(canaryPort))));
      const { url, fetch } = await trustedServer((_, res) => res.writeHead(302, { location }).end());
      expect(["forbidden", "redirect"]).toContain(await faultOf(fetch(url, LIMITS)));
      expect({ connections, attempts }).toEqual({ connections: 0, attempts: ["127.0.0.1"] });
    },
  );

  it("this machine at the third hop, and a name that resolves to it at the second", async () => {
    const { url, fetch } = await trustedServer((req, res) => {
      const next = { "/": "/1", "/1": "/2", "/2": `http://127.0.0.1:${canaryPort}/` }[req.url ?? ""] ?? "/";
      res.writeHead(307, { location: next }).end();
    });
    expect(await faultOf(fetch(`${url}/`, LIMITS))).toBe("forbidden");
    const lookup: Lookup = async () => [{ address: "127.0.0.1", family: 4 }];
    const sending = await trustedServer((_, res) =>
      res.writeHead(302, { location: `http://rebound.test:${canaryPort}/` }).end(),
    );
    const other = createCheckedFetch({ trustedOrigins: [sending.url], lookup });
    expect(await faultOf(other(sending.url, LIMITS))).toBe("forbidden");
    expect(connections).toBe(0);
  });

  it("another port, scheme or spelling of a trusted server's host", async () => {
    const { url } = await trustedServer((_, res) => res.end());
    const fetch = createCheckedFetch({ trustedOrigins: [url] });
    await expectForbidden(`http://127.0.0.1:${canaryPort}/`, fetch);
    await expectForbidden(url.replace("http:", "https:"), fetch);
    await expectForbidden(url.replace("127.0.0.1", "localhost"), fetch);
    await expectForbidden(url.replace("//", "//user@"), fetch);
  });

  it("tells nothing about the address that it found", async () => {
    const lookup: Lookup = async () => [{ address: "10.20.30.40", family: 4 }];
    const attempt = createCheckedFetch({ trustedOrigins: [], lookup })("http://internal.test/", LIMITS);
    await expect(attempt).rejects.toThrow("The link leads to an address that is not public.");
  });
});
