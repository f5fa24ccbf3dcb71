// By the clock: ends what is past its time, restarts what nobody drives and publishes what was not heard.
import { schedule } from "../../shared/contract/schedule.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { sweepDeps } from "../../shared/services/sweep-deps.ts";

export const handler = onEvent(schedule, async ({ detail }) => sweepGenerations(sweepDeps(), detail));
