// The dependencies of canceling a generation.
import { setting } from "../environment.ts";
import * as kling from "../kling.ts";
import { ledger } from "./ledger.ts";
import { moveDeps } from "./move-deps.ts";

export function cancelDeps() {
  return {
    ...moveDeps(),
    ledger: ledger(),
    kling,
    deadlineSeconds: setting("GENERATION_DEADLINE_SECONDS"),
  };
}
