// What a workflow step says to the state machine.
import type { FailureCode } from "./failures.ts";

export type StepResult =
  | { next: "wait"; requestId?: string }
  | { next: "submit" }
  | { next: "finalize" }
  | { next: "fail"; code: FailureCode }
  | { next: "done" };
