// The dependencies of taking over a job of the original application.
import { setting } from "../environment.ts";
import { clock } from "./clock.ts";
import { mediaRecords } from "./media-records.ts";

export function adoptDeps() {
  return {
    records: mediaRecords(),
    clock,
    deadlineSeconds: setting("GENERATION_DEADLINE_SECONDS"),
  };
}
