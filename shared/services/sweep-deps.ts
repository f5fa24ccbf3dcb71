// What it takes to see that nothing stays open: to look, and to start executions.
import type { SweepDeps } from "../media/sweep.ts";
import { checkDeps } from "./check-deps.ts";
import { lazy } from "./lazy.ts";
import { workflow } from "./workflow.ts";

export const sweepDeps = lazy((): SweepDeps => ({ ...checkDeps(), workflow: workflow() }));
