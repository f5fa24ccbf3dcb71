// fal's queue. Its client is read with the first call: many functions that may call fal rarely do.
import type { FalQueue } from "../adapters/fal-queue.ts";
import { setting } from "../environment.ts";
import { falKey } from "../linked.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";

export const falQueue = lazy(async (): Promise<FalQueue> => {
  const { createFalQueue } = await import("../adapters/fal-queue.ts");
  return createFalQueue({
    key: falKey(),
    queueUrl: setting("FAL_QUEUE_URL"),
    platformUrl: setting("FAL_PLATFORM_URL"),
    log: log(),
  });
});

/** fal's other models, of which only a run is wanted. */
export const falModels: Pick<FalQueue, "run"> = { run: async (...of) => (await falQueue()).run(...of) };
