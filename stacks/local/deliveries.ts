// Asynchronous invocations: accepted means kept on disk until the function succeeded or the event lies in the dead-letter file.
import { randomUUID } from "node:crypto";
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Functions } from "./functions.ts";

/** Lambda tries an asynchronous event twice more, after 1 and 2 minutes; nobody at a terminal wants to wait that long. */
const RETRY_DELAYS_MS = [1000, 2000];
/** An event holds its sender's words. */
const OWNER_ONLY = { mode: 0o600 };

export interface Deliveries {
  /** Resolves once the event will not be lost any more; rejects when it cannot be kept. */
  accept(functionName: string, event: unknown): Promise<void>;
  /** Takes up what an earlier process had accepted and not finished. */
  resume(): Promise<void>;
  /** What is still to be tried stays on disk for the next start. */
  close(): void;
}

const DELIVERY = z.object({ functionName: z.string(), event: z.unknown() });
type Delivery = z.infer<typeof DELIVERY>;

/** @param directory holds `deliveries/` and `dead-letters.jsonl` */
export function createDeliveries(
  functions: Pick<Functions, "invoke">,
  directory: string,
  retryDelaysMs: readonly number[] = RETRY_DELAYS_MS,
): Deliveries {
  const waiting = join(directory, "deliveries");
  const timers = new Set<NodeJS.Timeout>();
  let closed = false;

  async function attempt(file: string, { functionName, event }: Delivery, failures: number): Promise<void> {
    const outcome = await functions.invoke(functionName, event);
    if (!outcome.ok) {
      if (closed) return;
      const delayMs = retryDelaysMs[failures];
      if (delayMs !== undefined) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          settle(attempt(file, { functionName, event }, failures + 1));
        }, delayMs);
        timers.add(timer.unref());
        return;
      }
      const letter = { at: new Date().toISOString(), functionName, event, error: outcome.error };
      await appendFile(join(directory, "dead-letters.jsonl"), `${JSON.stringify(letter)}\n`, OWNER_ONLY);
    }
    await rm(file, { force: true });
  }

  return {
    async accept(functionName, event) {
      const delivery = { functionName, event };
      const file = join(waiting, `${randomUUID()}.json`);
      await mkdir(waiting, { recursive: true });
      // Written aside first, so that a kill in the middle leaves no half of a delivery.
      await writeFile(`${file}.new`, JSON.stringify(delivery), OWNER_ONLY);
      await rename(`${file}.new`, file);
      settle(attempt(file, delivery, 0));
    },
    async resume() {
      await mkdir(waiting, { recursive: true });
      for (const name of await readdir(waiting)) {
        const file = join(waiting, name);
        if (!name.endsWith(".json")) await rm(file, { force: true });
        else settle(attempt(file, DELIVERY.parse(JSON.parse(await readFile(file, "utf8"))), 0));
      }
    },
    close() {
      closed = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

/** A delivery whose file cannot be written or removed stays where it is: the next start tries again. */
function settle(attempt: Promise<void>): void {
  attempt.catch((error: unknown) => console.error("A delivery could not be settled:", error));
}
