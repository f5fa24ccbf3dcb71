// By the clock: ends what is past its time, restarts what nobody drives and publishes what was not heard.
import * as z from "zod/mini";
import { onEvent } from "../../shared/edge/lambda.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { sweepDeps } from "../../shared/services/sweep-deps.ts";

/**
 * A machine that has just started asks for everything: the executions of its last life are gone.
 * EventBridge Scheduler's own event has the text "{}" as its detail (AWS: "Lambda target", EventBridge Scheduler guide).
 */
const schedule = z.object({ detail: z.catch(z.object({ all: z.boolean() }), { all: false }) });

export const handler = onEvent(schedule, async ({ detail }) => sweepGenerations(sweepDeps(), detail));
