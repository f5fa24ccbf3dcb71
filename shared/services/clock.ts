// The time.
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../media/ports.ts";

export const clock: Clock = { now: () => Date.now(), sleep: (ms) => sleep(ms) };
