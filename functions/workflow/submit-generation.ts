// Step submit-generation: the source image made ours, the prompt enhanced, one claim, one POST.
import { stepInput } from "../../shared/contract/steps.ts";
import { step } from "../../shared/edge/lambda.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { submitDeps } from "../../shared/services/submit-deps.ts";

export const handler = step(stepInput, async (ref) => submitGeneration(submitDeps(), ref));
