// The log: one JSON line per fact.
import { Logger } from "@aws-lambda-powertools/logger";
import type { Log } from "../media/ports.ts";
import { lazy } from "./lazy.ts";

export const log = lazy((): Log => {
  const logger = new Logger({ serviceName: "media" });
  return {
    info: (message, facts) => logger.info(message, facts),
    warn: (message, facts) => logger.warn(message, facts),
  };
});
