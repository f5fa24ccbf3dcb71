// The dependencies of checking a generation, for the workflow's step and for the sweeper.
import { setting } from "../environment.ts";
import * as kling from "../kling.ts";
import type { CheckDeps } from "../generation/check.ts";
import { gate } from "./gate.ts";
import { lazy } from "./lazy.ts";
import { mediaFiles } from "./media-files.ts";
import { ledger } from "./ledger.ts";
import { moveDeps } from "./move-deps.ts";

export const checkDeps = lazy((): CheckDeps => ({
  ...moveDeps(),
  ledger: ledger(),
  gate: gate(),
  files: mediaFiles(),
  kling,
  publicUrl: setting("PUBLIC_URL"),
  deadlineSeconds: setting("GENERATION_DEADLINE_SECONDS"),
  inDoubtSeconds: setting("IN_DOUBT_SECONDS"),
}));
