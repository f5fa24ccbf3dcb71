// What happens on the bus and by the clock, as plain data for the cloud and for the local machine.

/** The bus carries everything under this source. */
export const EVENT_SOURCE = "media.generation";

export const RULES = [
  {
    name: "generation-requested",
    bus: "media",
    pattern: { "detail-type": ["Generation Requested"] },
    handler: "functions/events/start-from-event.handler",
  },
] as const;

export const SCHEDULES = [
  { name: "sweep", everySeconds: 60, handler: "functions/events/sweep-generations.handler" },
] as const;
