// fal's queue.
import { createFalQueue } from "../adapters/fal-queue.ts";
import { setting } from "../environment.ts";
import { falKey } from "../linked.ts";
import { lazy } from "./lazy.ts";

export const falQueue = lazy(() => {
  return createFalQueue({
    key: falKey(),
    queueUrl: setting("FAL_QUEUE_URL"),
    platformUrl: setting("FAL_PLATFORM_URL"),
  });
});
