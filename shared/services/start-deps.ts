// The dependencies of starting a generation, for HTTP and for the bus.
import { setting } from "../environment.ts";
import type { StartDeps } from "../generation/start.ts";
import { budget } from "./budget.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";
import { mediaRecords } from "./media-records.ts";
import { newId } from "./new-id.ts";
import { spaces } from "./spaces.ts";
import { spendingLimits } from "./spending-limits.ts";
import { workflow } from "./workflow.ts";

export const startDeps = lazy((): StartDeps => ({
  records: mediaRecords(),
  spaces: spaces(),
  workflow: workflow(),
  budget: budget(),
  limits: spendingLimits(),
  clock,
  log: log(),
  newId,
  deadlineSeconds: setting("GENERATION_DEADLINE_SECONDS"),
  retentionDays: setting("MEDIA_RETENTION_DAYS"),
}));
