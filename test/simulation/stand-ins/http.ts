// Node's `request` under the checked door: asks the lookup it was given, then the world's web. For http and https alike.
import { EventEmitter } from "node:events";
import { isIP, type LookupFunction } from "node:net";
import { theWorld } from "../link.ts";

interface Outgoing {
  method: string;
  headers: Record<string, string>;
  lookup: LookupFunction;
  signal: AbortSignal;
}

export function request(url: URL, { method, headers, lookup, signal }: Outgoing) {
  const call = new EventEmitter();
  const connect = (address: string, body: string | undefined) => {
    const { web } = theWorld();
    const answer =
      method === "POST" ? web.post({ url, headers, body: body ?? "" }, address, signal) : web.get(url, address, signal);
    answer.then(
      (response) => call.emit("response", response),
      (error: unknown) => call.emit("error", error),
    );
  };
  const end = (body?: string) => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // As Node does it: an address needs no lookup.
    if (isIP(host)) return connect(host, body);
    lookup(host, { all: true }, (error, found) => {
      const [first] = Array.isArray(found) ? found : [];
      if (error || !first) call.emit("error", error);
      else connect(first.address, body);
    });
  };
  return Object.assign(call, { end, destroy: () => {} });
}
