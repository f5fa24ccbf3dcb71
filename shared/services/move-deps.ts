// The dependencies of every function that moves a record: the records, the bus, the accounts, the time and the log.
import { budget } from "./budget.ts";
import { clock } from "./clock.ts";
import { eventBus } from "./event-bus.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";
import { mediaRecords } from "./media-records.ts";
import { places } from "./places.ts";

export const moveDeps = lazy(() => ({
  records: mediaRecords(),
  events: eventBus(),
  budget: budget(),
  places: places(),
  clock,
  log: log(),
}));
