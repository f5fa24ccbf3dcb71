// The failures that we decide ourselves, each with a message for the user who waits for the video.
import { imageFault } from "./errors.ts";

const WAITED =
  "and this generation has waited as long as it may. Nothing is wrong with your request, nothing was made and nothing is charged. Tell the operator of this service, and start it again later.";

const FAILURES = {
  timed_out: "The generation was not finished in time and was stopped. Start it again.",
  submit_outcome_unknown:
    "We could not find out whether fal.ai took the job, so we did not send it again. You are not charged; a new try is safe.",
  delivery_failed: "The video was made, but could not be stored. It is not lost: an operator can deliver it.",
  image_unreachable: imageFault("image_unreachable"),
  provider_account_locked: `This service's account at fal.ai cannot start videos, ${WAITED}`,
  provider_key_refused: `fal.ai does not accept this service's key, ${WAITED}`,
  not_submitted: "The generation could not be prepared. Nothing was sent to fal.ai; a new try is safe.",
} as const;
export type FailureCode = keyof typeof FAILURES;
export const FAILURE_CODES = Object.keys(FAILURES).filter((code): code is FailureCode => code in FAILURES);

/** The error as it is recorded and shown. @param message of the last try, where it says more than the code */
export function failure(code: FailureCode, message?: string): { code: FailureCode; message: string } {
  return { code, message: message ?? FAILURES[code] };
}
