// What comparing fal's bill with our books needs.
import { createFalBills } from "../adapters/fal-bills.ts";
import { setting } from "../environment.ts";
import { falAdminKey } from "../linked.ts";
import type { ReconcileDeps } from "../money/reconcile.ts";
import { clock } from "./clock.ts";
import { announcements } from "./event-bus.ts";
import { lazy } from "./lazy.ts";
import { ledger } from "./ledger.ts";
import { log } from "./log.ts";
import { mediaRecords } from "./media-records.ts";

export const reconcileDeps = lazy((): ReconcileDeps => ({
  bills: createFalBills({ key: falAdminKey(), platformUrl: setting("FAL_PLATFORM_URL"), clock }),
  ledger: ledger(),
  records: mediaRecords(),
  announcements,
  clock,
  log: log(),
}));
