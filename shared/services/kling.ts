// Kling: fal's queue, or the test mode.
import { createKlingTestMode } from "../adapters/kling-test-mode.ts";
import { environment, isTestMode } from "../environment.ts";
import { clock } from "./clock.ts";
import { falQueue } from "./fal.ts";
import { lazy } from "./lazy.ts";

export const klingService = lazy(() =>
  isTestMode()
    ? createKlingTestMode({ clock, samplesOrigin: environment().MEDIA_ORIGIN ?? environment().PUBLIC_URL ?? "" })
    : falQueue().kling,
);
