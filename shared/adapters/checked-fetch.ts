// The one door for URLs that came from outside: it connects to global addresses only, follows nothing and bounds everything.
import { lookup as resolve } from "node:dns/promises";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";
import { FetchError } from "../media/errors.ts";
import type { CheckedFetch, FetchLimits } from "../media/ports.ts";

/** All addresses of a host name, in the shape of `dns.promises.lookup(hostname, { all: true })`. */
export type Lookup = (hostname: string) => Promise<{ address: string; family: number }[]>;

/**
 * `trustedOrigins` may lie at private addresses (the server itself, a simulator); every other rule holds for them too.
 * `lookup` is the system's resolver unless a test brings its own.
 */
export function createCheckedFetch(options: { trustedOrigins: string[]; lookup?: Lookup }): CheckedFetch {
  const lookup = options.lookup ?? ((hostname) => resolve(hostname, { all: true }));
  const trustedOrigins = new Set(options.trustedOrigins.map((origin) => new URL(origin).origin));

  return async (url, limits) => {
    const target = allowedUrl(url);
    const trusted = trustedOrigins.has(target.origin);
    // Node asks the lookup for names only, so an address that stands in the URL itself is checked here.
    const host = target.hostname.replace(/^\[|\]$/g, "");
    if (isIP(host) && !trusted && !isGlobal(host)) throw forbiddenAddress();

    const deadline = AbortSignal.timeout(limits.timeoutMs);
    const faultOf = (error: unknown) => {
      if (error instanceof FetchError) return error;
      if (deadline.aborted) return new FetchError("unavailable", `No full answer within ${limits.timeoutMs / 1000} s.`);
      return new FetchError("unavailable", `The connection failed (${codeOf(error)}).`);
    };
    const request = (target.protocol === "https:" ? httpsRequest : httpRequest)(target, {
      lookup: pinned(lookup, trusted),
      signal: deadline,
      agent: false,
      headers: { accept: "*/*", "accept-encoding": "identity", "user-agent": "kling-media-backend" },
    });
    try {
      // The listener for errors stays: the deadline may pass while nobody reads the body. An answer that switches protocols
      // ends in neither a response nor an error, only in "close".
      const response = await new Promise<IncomingMessage>((answered, failed) => {
        request.on("response", answered).on("error", failed).on("close", failed).end();
      });
      const { contentType, contentLength } = acceptable(response, limits);
      return { body: bounded(response, limits.maxBytes, faultOf), contentType, contentLength };
    } catch (error) {
      request.destroy();
      throw faultOf(error);
    }
  };
}

function allowedUrl(url: string): URL {
  const target = URL.parse(url);
  if (target?.protocol !== "http:" && target?.protocol !== "https:")
    throw new FetchError("forbidden", "Only http and https links are fetched.");
  if (target.username || target.password)
    throw new FetchError("forbidden", "Links with a user name or password are not fetched.");
  return target;
}

/** A lookup that hands out only what it has checked: the connection goes to that address, not to a second answer of the DNS. */
function pinned(lookup: Lookup, trusted: boolean): LookupFunction {
  return (hostname, { all }, done) => {
    lookup(hostname).then(
      (found) => {
        const [first] = found;
        if (!first) done(unknownHost(), "");
        else if (!trusted && !found.every(({ address }) => isGlobal(address))) done(forbiddenAddress(), "");
        else if (all) done(null, found);
        else done(null, first.address, first.family);
      },
      () => done(unknownHost(), ""),
    );
  };
}

// What ipaddr.js calls unicast is not all reachable by everybody: only 2000::/3 is global (RFC 4291 section 2.4; leaves out
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
  { maxBytes, types }: FetchLimits,
): { contentType: string; contentLength?: number } {
  if (statusCode !== 200) throw faultOfStatus(statusCode);
  const contentType = headers["content-type"]?.toLowerCase() ?? "";
  if (types && !types.some((prefix) => contentType.startsWith(prefix)))
    throw new FetchError("wrong_type", `The answer is of type "${contentType}".`);
  if (headers["content-length"] === undefined) return { contentType };
  const contentLength = Number(headers["content-length"]);
  if (contentLength > maxBytes) throw tooLarge(maxBytes);
  return { contentType, contentLength };
}

function faultOfStatus(status: number): FetchError {
  const detail = `The server answered ${status}.`;
  if (status === 404 || status === 410) return new FetchError("not_found", detail);
  if (status >= 300 && status < 400) return new FetchError("redirect", "The link redirects; use the final address.");
  // Request timeout, too early, too many requests: 4xx by number, but they ask for another try.
  if (status >= 400 && status < 500 && ![408, 425, 429].includes(status)) return new FetchError("refused", detail);
  return new FetchError("unavailable", detail);
}

/** Ends in an error, never short: Node's parser reports a connection that closes before the declared end. */
async function* bounded(
  response: AsyncIterable<Uint8Array>,
  maxBytes: number,
  faultOf: (error: unknown) => FetchError,
): AsyncGenerator<Uint8Array, void, undefined> {
  let received = 0;
  try {
    for await (const chunk of response) {
      received += chunk.byteLength;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw faultOf(error);
  }
}

const forbiddenAddress = () => new FetchError("forbidden", "The link leads to an address that is not public.");
const unknownHost = () => new FetchError("unavailable", "The host name is not known.");
const tooLarge = (maxBytes: number) => new FetchError("too_large", `The file is larger than ${maxBytes} bytes.`);

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown reason";
}
