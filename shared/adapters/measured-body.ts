// A body on its way into a store: counted and hashed, its memory freed while it is copied.
import { createHash } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** A body's chunks, and afterwards their size and hash. */
export interface MeasuredBody {
  /** Ended early (`return`), it ends the body too. */
  chunks: AsyncGenerator<Uint8Array, void, undefined>;
  /** Bytes, and hex. */
  facts: () => { size: number; sha256: string };
}

/**
 * The 64 KB buffers of a socket lie outside the heap, where Node's collector lets 60 to 80 MB of them pile up. Asked for
 * its short run after so many bytes, it keeps a copy of 200 MB below 30 MB, for about 4 ms each time.
 */
const COLLECT_EVERY_BYTES = 8 * 1024 * 1024;

/** Measures a body while the store reads its chunks. */
export function measuredBody(body: AsyncIterable<Uint8Array> | Uint8Array): MeasuredBody {
  const hash = createHash("sha256");
  let [size, collectAt] = [0, COLLECT_EVERY_BYTES];
  async function* chunks() {
    for await (const chunk of body instanceof Uint8Array ? [body] : body) {
      hash.update(chunk);
      size += chunk.byteLength;
      yield chunk;
      if (size < collectAt) continue;
      collectAt = size + COLLECT_EVERY_BYTES;
      collectYoung();
    }
  }
  return { chunks: chunks(), facts: () => ({ size, sha256: hash.digest("hex") }) };
}

let collect: NodeJS.GCFunction | undefined;

/** Node hands out the collector only to contexts made after the flag was set (nodejs.org/api/cli.html, `--expose-gc`). */
function collectYoung(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as NodeJS.GCFunction;
  }
  collect({ type: "minor" });
}
