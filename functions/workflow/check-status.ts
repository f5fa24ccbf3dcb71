// Step check-status: one look at fal with the endpoint of the stored mode, and what comes next.
import { checkInput } from "../../shared/contract/steps.ts";
import { step } from "../../shared/edge/lambda.ts";
import { checkStatus, WAKE_UP_LOOKS } from "../../shared/generation/check.ts";
import { checkDeps } from "../../shared/services/check-deps.ts";

export const handler = step(checkInput, async ({ lap, step: said, ...ref }) =>
  checkStatus(checkDeps(), ref, { heard: said?.requestId, looks: lap ? 1 : WAKE_UP_LOOKS }),
);
