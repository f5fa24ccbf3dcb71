// Step Functions says that an execution failed, timed out or was aborted: its generation is driven on, if it has not ended.
import { executionEnded } from "../../shared/contract/execution-ended.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { driveOn } from "../../shared/generation/sweep.ts";
import { sweepDeps } from "../../shared/services/sweep-deps.ts";

export const handler = onEvent(executionEnded, async ({ detail: { input, name, startDate, stopDate } }) =>
  driveOn(sweepDeps(), input, { name, startedAt: startDate, stoppedAt: stopDate }),
);
