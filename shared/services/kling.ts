// Kling: fal's queue, or the test mode.
import { createKlingTestMode } from "../adapters/kling-test-mode.ts";
import { isTestMode, setting } from "../environment.ts";
import type { Kling } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { falQueue } from "./fal.ts";
import { lazy } from "./lazy.ts";

/** Where `npm start` serves the placeholder videos, for the library outside of any machine. */
const LOCAL_ORIGIN = "http://127.0.0.1:3000";

export const klingService = lazy(async (): Promise<Kling> => {
  const samplesOrigin = setting("MEDIA_ORIGIN") ?? setting("PUBLIC_URL") ?? LOCAL_ORIGIN;
  return isTestMode() ? createKlingTestMode({ clock, samplesOrigin }) : (await falQueue()).kling;
});
