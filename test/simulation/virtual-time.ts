// Time and chance of a run: a clock that only the world moves, and numbers that the seed decides.
import { AsyncLocalStorage } from "node:async_hooks";
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import FakeTimers from "@sinonjs/fake-timers";
import { mulberry32 } from "../../stacks/fal-simulator/random.ts";

/** Every run begins here. */
export const BEGINNING = Date.parse("2026-01-01T00:00:00.000Z");

const realSetImmediate = setImmediate;
let draw = mulberry32(0);
/** Milliseconds by which the clock of the asking actor is wrong. */
let skew: () => number = () => 0;

/**
 * Takes the clock, the timers, the time-outs of signals and all sources of chance away from the process, for good:
 * a simulation has its own process.
 */
export function takeTime(skewOfCaller: () => number) {
  skew = skewOfCaller;
  const clock = FakeTimers.install({
    now: BEGINNING,
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"],
  });
  const setFakeTimeout = globalThis.setTimeout;
  /** A real timer runs its callback in the context it was set in; who sleeps must still be known when he wakes. */
  const setTimeoutInContext = (callback: (...args: unknown[]) => void, ms?: number, ...args: unknown[]) =>
    setFakeTimeout(AsyncLocalStorage.bind(callback), ms, ...args);
  Object.assign(globalThis, {
    setTimeout: setTimeoutInContext,
    Date: class extends clock.Date {
      constructor(...given: []) {
        if (given.length > 0) super(...given);
        else super(clock.now + skew());
      }
      static override now(): number {
        return clock.now + skew();
      }
    },
  });
  AbortSignal.timeout = (ms) => {
    const controller = new AbortController();
    const abort = () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    setTimeoutInContext(abort, ms);
    return controller.signal;
  };
  takeChance();
  syncBuiltinESMExports();
  return clock;
}

export type VirtualTime = ReturnType<typeof takeTime>;

/** All chance of the product (ids, names of owners, jitter) follows from this seed. */
export function seedChance(seed: number): void {
  draw = mulberry32(seed);
}

function takeChance(): void {
  const fill = <T extends ArrayBufferView>(view: T): T => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(draw() * 256);
    return view;
  };
  const uuid = () => {
    const bytes = fill(Buffer.alloc(16));
    bytes[6] = 0x40 | ((bytes[6] ?? 0) & 0x0f);
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  };
  Math.random = () => draw();
  Object.assign(crypto, {
    randomUUID: uuid,
    randomBytes: (size: number) => fill(Buffer.alloc(size)),
    randomFillSync: fill,
  });
  Object.assign(Crypto.prototype, { randomUUID: uuid, getRandomValues: fill });
}

/** One turn of Node's loop: everything that waits for nothing but the processor gets it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
