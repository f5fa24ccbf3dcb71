// Ending a generation badly, in the way its status allows; fal is told to stop first.
import { tellFalToCancel, type CancelDeps } from "./cancel.ts";
import { deliverBy } from "./deadlines.ts";
import { failure, type FailureCode } from "../media/failures.ts";
import type { MediaRef } from "../media/media.ts";
import { move } from "./move.ts";
import { unlessOvertaken, type StepResult } from "./step.ts";

/**
 * Records the failure. What may have been submitted is never failed for a step's own error: the checks settle it,
 * hence `wait`.
 * @param reason what the last try has said, where it says more than the code
 */
export async function failGeneration(
  deps: CancelDeps,
  ref: MediaRef,
  code: FailureCode,
  reason?: string,
): Promise<StepResult> {
  return unlessOvertaken(() => fail(deps, ref, code, reason));
}

async function fail(deps: CancelDeps, ref: MediaRef, code: FailureCode, reason?: string): Promise<StepResult> {
  const media = await deps.records.get(ref);
  const change = { error: failure(code, reason) };
  // The failure is of what was read: a claim that was made since may succeed.
  const sameClaim = { attempt: media?.attempt };
  switch (media?.phase) {
    case "queued":
      // A wish to cancel that came during an earlier submit is kept, however the generation ends.
      if (media.cancelRequestedAt !== undefined) await move(deps, media, "cancel", {}, sameClaim);
      else await move(deps, media, code === "timed_out" ? "time out" : "refuse", change, sameClaim);
      return { next: "done" };
    case "submitting":
      if (code !== "submit_outcome_unknown") return { next: "wait" };
      await move(deps, media, "give up", change, sameClaim);
      return { next: "done" };
    case "generating": {
      if (code === "delivery_failed") {
        await move(deps, media, "fail delivery", change, { version: media.version });
        return { next: "done" };
      }
      if (code !== "timed_out") return { next: "wait" };
      const told = await tellFalToCancel(deps, media);
      if (told.phase !== "generating") return { next: "done" };
      // What fal was not told to stop runs on and is billed: say it again for a while. What it was told just now may have
      // been finished by then, and the next look sees that.
      const untoldBefore = media.requestId !== undefined && media.cancelSentAt === undefined;
      if (untoldBefore && deps.clock.now() < deliverBy(told)) return { next: "wait" };
      if (told.cancelRequestedAt === undefined) await move(deps, media, "time out", change, sameClaim);
      else await move(deps, media, "confirm cancel", {});
      return { next: "done" };
    }
    case "finalizing":
      if (code !== "delivery_failed") return { next: "wait" };
      await move(deps, media, "fail delivery", change, { version: media.version });
      return { next: "done" };
    case "completed":
    case "failed":
    case "canceled":
    case "deleted":
    case undefined:
      return { next: "done" };
  }
}
