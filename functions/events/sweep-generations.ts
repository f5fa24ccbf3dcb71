// Every minute: ends what is past its deadline, restarts what no execution drives, and publishes what the bus did not take.
import { schedule } from "../../shared/contract/schedule.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { sweepDeps } from "../../shared/services/sweep-deps.ts";

export const handler = onEvent(schedule, async ({ detail }) => sweepGenerations(sweepDeps(), detail));
