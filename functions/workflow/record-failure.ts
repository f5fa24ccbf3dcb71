// Step record-failure: a generation that will not succeed ends as failed, fal being told to stop.
import { failureInput } from "../../shared/contract/steps.ts";
import * as kling from "../../shared/kling.ts";
import { step } from "../../shared/edge/lambda.ts";
import { failGeneration } from "../../shared/generation/fail.ts";
import { failureOfStep, reasonOfStep } from "../../shared/generation/reasons.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";

export const handler = step(failureInput, async ({ step: said, failure, ...ref }) => {
  const verdict = said?.next === "fail" ? said.code : undefined;
  const code = verdict ?? failureOfStep(failure?.Error ?? "");
  const reason = verdict === undefined ? reasonOfStep(failure?.Error ?? "", failure?.Cause) : undefined;
  return failGeneration({ ...moveDeps(), kling }, ref, code, reason);
});
