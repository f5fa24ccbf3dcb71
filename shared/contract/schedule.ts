// What the clock says to a function.
import * as z from "zod/mini";

/**
 * A machine that has just started asks for everything: what the process before it had begun is gone.
 * EventBridge Scheduler's own event has the text "{}" as its detail (AWS: "Lambda target", EventBridge Scheduler guide).
 */
export const schedule = z.object({ detail: z.catch(z.object({ all: z.boolean() }), { all: false }) });
