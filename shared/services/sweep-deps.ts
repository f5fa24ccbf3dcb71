// The dependencies of the sweeper: to check generations, and to start executions.
import type { Workflow } from "../media/ports.ts";
import type { SweepDeps } from "../generation/sweep.ts";
import { checkDeps } from "./check-deps.ts";
import { announcements } from "./event-bus.ts";
import { lazy } from "./lazy.ts";

/** Its client is read with the first execution that is described or started: most runs find nothing to do. */
const executions = lazy(async () => (await import("./workflow.ts")).workflow());
const workflow: Workflow = {
  start: async (...of) => (await executions()).start(...of),
  isRunning: async (...of) => (await executions()).isRunning(...of),
};

export const sweepDeps = lazy((): SweepDeps => ({ ...checkDeps(), announcements, workflow }));
