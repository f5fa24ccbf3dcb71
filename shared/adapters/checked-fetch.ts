// The one door for URLs that came from outside: it connects to global addresses only, at every hop, and bounds everything.
import { lookup as resolve } from "node:dns/promises";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { pipeline, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from "node:zlib";
import ipaddr from "ipaddr.js";
import { FetchError } from "../media/errors.ts";
import type { CheckedFetch, FetchLimits } from "../media/ports.ts";
import type { TargetDoor } from "../webhooks/ports.ts";

/** All addresses of a host name, in the shape of `dns.promises.lookup(hostname, { all: true })`. */
export type Lookup = (hostname: string) => Promise<{ address: string; family: number }[]>;

interface DoorOptions {
  /** May lie at private addresses (the server itself, a simulator); every other rule holds for them too. */
  trustedOrigins: string[];
  /** The system's resolver unless a test brings its own. */
  lookup?: Lookup;
}

/** What is sent. */
interface Outgoing {
  method: "GET" | "POST";
  headers: Record<string, string>;
  body?: string;
}
const GET: Outgoing = { method: "GET", headers: { accept: "*/*", "accept-encoding": "identity" } };
const USER_AGENT = "kling-media-backend";

/** One request, to a checked address; it throws its fault. */
function doorTo({ trustedOrigins, lookup = (hostname) => resolve(hostname, { all: true }) }: DoorOptions) {
  const trusted = new Set(trustedOrigins.map((origin) => new URL(origin).origin));

  async function open(target: URL, { method, headers, body }: Outgoing, { signal, timeoutMs }: Deadline) {
    const isTrusted = trusted.has(target.origin);
    // Node asks the lookup for names only, so an address that stands in the URL itself is checked here.
    if (isForbiddenAddress(target) && !isTrusted) throw forbiddenAddress();
    const request = (target.protocol === "https:" ? httpsRequest : httpRequest)(target, {
      method,
      lookup: pinned(lookup, isTrusted),
      signal,
      agent: false,
      headers: { ...headers, "user-agent": USER_AGENT },
    });
    try {
      // The listener for errors stays: the deadline may pass while no code reads the body. An answer that switches protocols
      // emits neither a response nor an error, only "close".
      return await new Promise<IncomingMessage>((answered, failed) => {
        request.on("response", answered).on("error", failed).on("close", failed).end(body);
      });
    } catch (error) {
      request.destroy();
      throw faultOf(error, { signal, timeoutMs });
    }
  }
  return { open, trusted };
}

/** When all must be there. */
interface Deadline {
  signal: AbortSignal;
  timeoutMs: number;
}
const within = (timeoutMs: number): Deadline => ({ signal: AbortSignal.timeout(timeoutMs), timeoutMs });

function isForbiddenAddress({ hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, "");
  return isIP(host) !== 0 && !isGlobal(host);
}

/** The door to read by: `CheckedFetch`. */
export function createCheckedFetch(options: DoorOptions): CheckedFetch {
  const door = doorTo(options);
  return async (url, limits) => {
    const deadline = within(limits.timeoutMs);
    let target = allowedUrl(url);
    for (let hops = 0; ; hops++) {
      const response = await door.open(target, GET, deadline);
      try {
        const location = redirection(response);
        if (location === undefined) return delivery(response, limits, deadline);
        if (hops === REDIRECTS_MAX)
          throw new FetchError("redirect", `The link redirects more than ${REDIRECTS_MAX} times.`);
        target = allowedUrl(location, target);
        response.destroy();
      } catch (error) {
        response.destroy();
        throw error;
      }
    }
  };
}

/** Standard Webhooks: "15-30 seconds is a good range". */
const POST_TIMEOUT_MS = 15_000;
/** A receiver that is cut off in the middle of its answer may consider its own work failed: this much of it is read. */
const POST_ANSWER_MAX_BYTES = 64 * 1024;
const URL_MAX_CHARACTERS = 2048;

/** The door to send messages by: `TargetDoor`. Its targets are https, trusted origins apart. */
export function createTargetDoor(options: DoorOptions): TargetDoor {
  const { open, trusted } = doorTo(options);
  const targetFault = (url: string) => {
    const target = url.length <= URL_MAX_CHARACTERS ? URL.parse(url) : null;
    if (!target) return `must be a URL of at most ${URL_MAX_CHARACTERS} characters`;
    if (trusted.has(target.origin) && /^https?:$/.test(target.protocol)) return undefined;
    if (target.protocol !== "https:") return `must be an https URL${LOCAL_HINT}`;
    if (target.username || target.password) return "must not hold a user name or password";
    if (isForbiddenAddress(target) || LOCAL_NAMES.test(target.hostname)) {
      return `leads to an address that is not public${LOCAL_HINT}`;
    }
    return undefined;
  };
  return {
    faultOf: targetFault,
    async post(url, body, headers) {
      const deadline = within(POST_TIMEOUT_MS);
      try {
        const refused = targetFault(url);
        if (refused !== undefined) throw new FetchError("forbidden", `The URL ${refused}.`);
        const outgoing: Outgoing = {
          method: "POST",
          headers: { ...headers, "content-type": "application/json" },
          body,
        };
        const response = await open(allowedUrl(url), outgoing, deadline);
        await readThrough(response);
        return { statusCode: response.statusCode ?? 0, retryAfter: response.headers["retry-after"] };
      } catch (error) {
        return { fault: faultOf(error, deadline).message };
      }
    },
  };
}

const LOCAL_HINT = " (on your own machine, an origin that TRUSTED_MEDIA_ORIGINS names may be a target too)";
const LOCAL_NAMES = /^(.+\.)?(localhost|local|internal)\.?$/i;

/** The status is known: an error in the rest of the body is no fault. */
async function readThrough(response: IncomingMessage): Promise<void> {
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      received += chunk.byteLength;
      if (received > POST_ANSWER_MAX_BYTES) break;
    }
  } catch {
    // Cut off, or out of time.
  } finally {
    response.destroy();
  }
}

/** Browsers follow 20; pictures that are meant to be shared need one or two. */
const REDIRECTS_MAX = 3;

/** The target of a redirect; undefined where the answer is none. */
function redirection({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  if (headers.location === undefined)
    throw new FetchError("redirect", "The link redirects, and its server does not say where to.");
  return headers.location;
}

/** The decoded body, and its headers. */
function delivery(response: IncomingMessage, limits: FetchLimits, deadline: Deadline) {
  const { contentType, contentLength, encodings } = acceptable(response, limits);
  const sent = bounded(response, limits, deadline);
  if (encodings.length === 0) return { body: sent, contentType, contentLength };
  // Bounded once more: 50 KB may be 50 MB when they are decoded. The length is that of the encoded body.
  const decoded = encodings.reduceRight<AsyncIterable<Uint8Array>>((body, encoding) => decode(body, encoding), sent);
  return { body: bounded(decoded, limits, deadline), contentType, contentLength: undefined };
}

function allowedUrl(url: string, from?: URL): URL {
  const target = URL.parse(url, from?.href);
  if (target?.protocol !== "http:" && target?.protocol !== "https:")
    throw new FetchError("forbidden", "Only http and https links are fetched.");
  if (target.username || target.password)
    throw new FetchError("forbidden", "Links with a user name or password are not fetched.");
  return target;
}

/** A lookup that returns only checked addresses: the connection uses them, and not a second answer of the DNS. */
function pinned(lookup: Lookup, trusted: boolean): LookupFunction {
  return (hostname, { all }, done) => {
    lookup(hostname).then(
      (found) => {
        const [first] = found;
        if (!first) done(unknownHost(hostname), "");
        else if (!trusted && !found.every(({ address }) => isGlobal(address))) done(forbiddenAddress(), "");
        else if (all) done(null, found);
        else done(null, first.address, first.family);
      },
      (error: unknown) => done(unknownHost(hostname, codeOf(error)), ""),
    );
  };
}

// What ipaddr.js calls unicast is not all globally reachable: only 2000::/3 is global (RFC 4291 section 2.4; leaves out
// the IPv4-compatible ::/96), and 168.63.129.16 is the host of an Azure machine, its metadata included.
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR("2000::/3");
const AZURE_HOST = ipaddr.IPv4.parseCIDR("168.63.129.16/32");

function isGlobal(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.parse(address);
  if (ip.range() !== "unicast") return false;
  return ip instanceof ipaddr.IPv6 ? ip.match(GLOBAL_IPV6) : !ip.match(AZURE_HOST);
}

function acceptable(
  { statusCode = 0, headers }: IncomingMessage,
  { maxBytes }: FetchLimits,
): { contentType: string; contentLength?: number; encodings: string[] } {
  if (statusCode !== 200) throw faultOfStatus(statusCode);
  const encodings = encodingsOf(headers["content-encoding"]);
  const contentType = headers["content-type"]?.toLowerCase() ?? "";
  if (headers["content-length"] === undefined) return { contentType, encodings };
  const contentLength = Number(headers["content-length"]);
  if (contentLength > maxBytes) throw tooLarge(maxBytes);
  return { contentType, contentLength, encodings };
}

function faultOfStatus(status: number): FetchError {
  const detail = `The server answered ${status}.`;
  if (status === 404 || status === 410) return new FetchError("not_found", detail);
  if (status >= 300 && status < 400) return new FetchError("redirect", detail);
  // Request timeout, too early, too many requests: 4xx by number, but they ask for another try.
  if (status >= 400 && status < 500 && ![408, 425, 429].includes(status)) return new FetchError("refused", detail);
  return new FetchError("unavailable", detail);
}

/** Ends in an error, never short: Node's parser reports a connection that closes before the declared end. */
async function* bounded(
  body: AsyncIterable<Uint8Array>,
  limits: FetchLimits,
  deadline: Deadline,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  try {
    for await (const chunk of body) {
      received += chunk.byteLength;
      if (received > limits.maxBytes) throw tooLarge(limits.maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw faultOf(error, deadline);
  }
}

/** Encodings that a server may apply although we ask for none (RFC 9110, section 8.4.1). */
const DECODERS: Record<string, () => Transform> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
};

function encodingsOf(header = ""): string[] {
  const encodings = header
    .toLowerCase()
    .split(",")
    .flatMap((name) => name.trim() || []);
  const coded = encodings.filter((name) => name !== "identity");
  const unknown = coded.find((name) => !Object.hasOwn(DECODERS, name));
  if (unknown !== undefined || coded.length > ENCODINGS_MAX) {
    throw new FetchError(
      "refused",
      `The server encodes its answer as "${coded.join(", ").slice(0, 40)}", which is not understood.`,
    );
  }
  return coded;
}
const ENCODINGS_MAX = 2;

async function* decode(body: AsyncIterable<Uint8Array>, encoding: string): AsyncGenerator<Uint8Array, void, undefined> {
  const source = body[Symbol.asyncIterator]();
  const start = await source.next();
  if (start.done) return;
  const first = start.value;
  // Many servers send "deflate" without the zlib header that it should have: its low four bits are 8 (RFC 1950).
  const isRaw = encoding === "deflate" && ((first[0] ?? 8) & 0x0f) !== 8;
  const decoder = isRaw ? createInflateRaw() : DECODERS[encoding]?.();
  if (!decoder) return;
  const rest = async function* () {
    yield first;
    yield* { [Symbol.asyncIterator]: () => source };
  };
  // An error on either side is thrown when `decoder` is read.
  pipeline(rest, decoder, () => {});
  yield* decoder;
}

/** Any error, as a fault. */
function faultOf(error: unknown, { signal, timeoutMs }: Deadline): FetchError {
  if (error instanceof FetchError) return error;
  if (signal.aborted) return new FetchError("unavailable", `No full answer within ${timeoutMs / 1000} s.`);
  const code = codeOf(error);
  if (CERTIFICATE_FAULTS.test(code)) {
    return new FetchError("unreachable", `The certificate of the server is not valid (${code}).`);
  }
  return new FetchError("unavailable", `The connection failed (${code}).`);
}

/** OpenSSL's and Node's names (Node.js documentation, "TLS: X509 certificate error codes"). */
const CERTIFICATE_FAULTS = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|CRL/;

const forbiddenAddress = () => new FetchError("forbidden", "The link leads to an address that is not public.");
/** `ENOTFOUND` is the name server's statement that there is no such name; any other error may be temporary. */
const unknownHost = (hostname: string, code = "no address") =>
  code === "ENOTFOUND"
    ? new FetchError("unreachable", `There is no host called "${hostname}". Check the spelling.`)
    : new FetchError("unavailable", `The host name "${hostname}" could not be looked up (${code}).`);
const tooLarge = (maxBytes: number) => new FetchError("too_large", `The file is larger than ${maxBytes} bytes.`);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown reason";
}
