// fal's queue.
import { createFalQueue } from "../adapters/fal-queue.ts";
import { environment } from "../environment.ts";
import { falKey } from "../linked.ts";
import { lazy } from "./lazy.ts";

export const falQueue = lazy(() => {
  const { FAL_QUEUE_URL, FAL_PLATFORM_URL } = environment();
  return createFalQueue({ key: falKey(), queueUrl: FAL_QUEUE_URL, platformUrl: FAL_PLATFORM_URL });
});
