// Node's `request` under the checked door: asks the lookup it was given, then the world's web. For http and https alike.
import { EventEmitter } from "node:events";
import { isIP, type LookupFunction } from "node:net";
import { theWorld } from "../link.ts";

export function request(url: URL, { lookup, signal }: { lookup: LookupFunction; signal: AbortSignal }) {
  const call = new EventEmitter();
  const connect = (address: string) => {
    const answer = theWorld().web.get(url, address, signal);
    answer.then(
      (response) => call.emit("response", response),
      (error: unknown) => call.emit("error", error),
    );
  };
  const end = () => {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    // As Node does it: an address needs no lookup.
    if (isIP(host)) return connect(host);
    lookup(host, { all: true }, (error, found) => {
      const [first] = Array.isArray(found) ? found : [];
      if (error || !first) call.emit("error", error);
      else connect(first.address);
    });
  };
  return Object.assign(call, { end, destroy: () => {} });
}
