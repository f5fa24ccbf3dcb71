// The one gate for everything that leaves a function: each call waits here until the schedule lets it through.
import { AsyncLocalStorage } from "node:async_hooks";
import { turn } from "./virtual-time.ts";

/** Who acts: one invocation of a function, an execution's engine, a client, fal. */
export class Actor {
  readonly name: string;
  /** The event of an invocation, for the trace and for doing it again. */
  readonly event: unknown;
  /** The execution on whose behalf it acts. */
  readonly execution: string | undefined;
  dead = false;
  /** By how much its clock is wrong. */
  skewMs = 0;
  /** Moments of the gate: when it was called, and when it last came back from anything but the table and the bus. */
  bornAt = 0;
  workedAt = 0;
  /** It dies when it makes one more. */
  callsLeft = Infinity;
  /** Rejects when it dies. */
  readonly death: Promise<never>;
  #die: (error: Error) => void;

  constructor(name: string, event?: unknown, execution?: string) {
    this.name = name;
    this.event = event;
    this.execution = execution;
    const { promise, reject } = Promise.withResolvers<never>();
    this.death = promise;
    this.#die = reject;
    promise.catch(() => {});
  }

  /** Only functions can die: they are what we run. */
  get isFunction(): boolean {
    return this.event !== undefined;
  }

  /** Ends it in the middle of what it does. Its callers see the failure, and it does nothing any more. */
  die(errorType: string): void {
    this.dead = true;
    this.#die(Object.assign(new Error(`${this.name} ended: ${errorType}`), { name: errorType }));
  }
}

/** Who runs just now, through every await. */
export const acting = new AsyncLocalStorage<Actor>();

export interface Operation<T> {
  /** `dynamodb.UpdateItem →submitting`: what faults are chosen by. */
  name: string;
  /** Carries it out on the other side, at one instant, and gives the answer. `twist` makes the other side err. */
  perform(twist?: string): T | Promise<T>;
  /** How long the caller waits, and what he gets then. */
  timeout?: { ms: number; error: () => Error };
  /** Ends the caller's wait. */
  signal?: AbortSignal | null | undefined;
  /** For the trace. */
  about?: () => string;
}

/** A call on its way, as a fault gets hold of it. */
export class Call<T = unknown> {
  readonly by: Actor;
  readonly operation: Operation<T>;
  /** `submit-generation/fal.submit#1`: the same in every run that is the same so far. */
  readonly address: string;
  readonly answered: Promise<T>;
  #resolve: (answer: T) => void;
  #reject: (error: unknown) => void;
  #hangs = false;

  constructor(by: Actor, operation: Operation<T>, address: string) {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.by = by;
    this.operation = operation;
    this.address = address;
    this.answered = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    promise.catch(() => {});
  }

  async perform(twist?: string): Promise<T> {
    return this.operation.perform(twist);
  }
  answer(answer: T): void {
    if (!this.by.dead) this.#resolve(answer);
  }
  fail(error: unknown): void {
    if (!this.by.dead && !this.#hangs) this.#reject(error);
  }
  /** Not even the caller's own time-out ends it. */
  hang(): void {
    this.#hangs = true;
  }
  /** As it goes without a fault. */
  async proceed(twist?: string): Promise<void> {
    try {
      this.answer(await this.perform(twist));
    } catch (error) {
      this.fail(error);
    }
  }
}

export class Gate {
  readonly waiting: Call[] = [];
  /** Rises with everything that is asked and answered: it orders what happens at one time. */
  moment = 0;
  readonly #counts = new Map<string, number>();
  #activity = 0;

  /** Waits for the schedule, then for the answer. A dead actor waits for ever. */
  async pass<T>(operation: Operation<T>): Promise<T> {
    const by = acting.getStore();
    if (!by) throw new Error(`${operation.name} comes from no actor`);
    if (by.callsLeft-- <= 0) by.die("Runtime.ExitError");
    if (by.dead) return new Promise(() => {});
    this.#activity++;
    this.moment++;
    const name = `${by.name}/${operation.name}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const call = new Call(by, operation, `${name}#${count}`);
    this.waiting.push(call as Call);

    const { timeout, signal } = operation;
    const abort = () => call.fail(signal?.reason);
    const timer = timeout && setTimeout(() => call.fail(timeout.error()), timeout.ms);
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    try {
      return await call.answered;
    } finally {
      clearTimeout(timer);
      this.moment++;
      if (!/^(dynamodb|events)\./.test(operation.name)) by.workedAt = this.moment;
      signal?.removeEventListener("abort", abort);
    }
  }

  /** Takes a call out of the queue; those of the dead are never made. */
  take(choose: (count: number) => number): Call | undefined {
    for (let at = this.waiting.length - 1; at >= 0; at--) if (this.waiting[at]?.by.dead) this.waiting.splice(at, 1);
    return this.waiting.splice(choose(this.waiting.length), 1)[0];
  }

  /** Until every actor waits: for this gate, for time, or for nothing. Nothing in the process works in real time. */
  async quiet(): Promise<void> {
    for (let seen = -1; seen !== this.#activity;) {
      seen = this.#activity;
      await turn();
      await turn();
    }
  }
}
