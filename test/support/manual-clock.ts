// A clock that stands still until it is told to move.
import type { Clock } from "../../shared/media/ports.ts";

export class ManualClock implements Clock {
  #now: number;
  constructor(start = "2026-01-01T00:00:00.000Z") {
    this.#now = Date.parse(start);
  }
  now(): number {
    return this.#now;
  }
  /** Sleeping is the only thing that moves it by itself. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms;
  }
  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}
