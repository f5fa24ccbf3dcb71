// The dependencies of taking over a job of the original application.
import { setting } from "../environment.ts";
import { clock } from "./clock.ts";
import { ledger } from "./ledger.ts";
import { mediaRecords } from "./media-records.ts";

export function adoptDeps() {
  return {
    records: mediaRecords(),
    ledger: ledger(),
    clock,
    deadlineSeconds: setting("GENERATION_DEADLINE_SECONDS"),
  };
}
