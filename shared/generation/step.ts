// What a workflow step says to the state machine.
import { isOvertaken } from "../media/errors.ts";
import type { FailureCode } from "../media/failures.ts";

export type StepResult =
  | { next: "wait"; requestId?: string }
  | { next: "submit" }
  | { next: "finalize" }
  | { next: "fail"; code: FailureCode }
  | { next: "done" }
  /** It waits for the account at fal, and no execution waits with it. */
  | { next: "held" }
  /** There is no such media: only a stranger starts an execution for one. */
  | { next: "unknown" };

/** The step's answer; `wait` when another door moved the record meanwhile: the next look decides anew. */
export async function unlessOvertaken(step: () => Promise<StepResult>): Promise<StepResult> {
  try {
    return await step();
  } catch (error) {
    if (isOvertaken(error)) return { next: "wait" };
    throw error;
  }
}
