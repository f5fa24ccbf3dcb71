// Time and unfinished work of the simulator: tests turn the clock by hand and wait for what is under way, never for real seconds.

export interface Clock {
  now(): number;
  /** Runs `task` once, `ms` from now; the returned function calls it off. */
  after(ms: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
};

export interface Agenda extends Clock {
  /** Keeps an eye on work that goes on by itself, so that `settled` can wait for it. */
  track(work: Promise<unknown>): void;
  /** Resolves when nothing tracked is under way any more; timers that are not due do not count. */
  settled(): Promise<void>;
  /** Calls every timer off. */
  clear(): void;
}

/** A clock that remembers its timers and the work they started. */
export function createAgenda(clock: Clock): Agenda {
  const timers = new Set<() => void>();
  const underWay = new Set<Promise<unknown>>();
  return {
    now: () => clock.now(),
    after(ms, task) {
      const forget = () => {
        cancel();
        timers.delete(forget);
      };
      const cancel = clock.after(ms, () => {
        timers.delete(forget);
        task();
      });
      timers.add(forget);
      return forget;
    },
    track(work) {
      underWay.add(work);
      void work.finally(() => underWay.delete(work));
    },
    async settled() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
    clear() {
      for (const forget of timers) forget();
    },
  };
}
