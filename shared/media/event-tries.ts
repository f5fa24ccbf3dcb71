// How often an event of the bus is tried: the functions count by it, and the stack sets it.

/** Lambda invokes a function for one event so often (AWS: "Asynchronous invocation"): once, and two retries (stacks/events.ts). */
export const EVENT_TRIES = 3;
