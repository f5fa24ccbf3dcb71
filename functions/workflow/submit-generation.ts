// Step submit-generation: the source image is copied to our store, the prompt enhanced, then one claim and one POST.
import { stepInput } from "../../shared/contract/steps.ts";
import { step } from "../../shared/edge/lambda.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { submitDeps } from "../../shared/services/submit-deps.ts";

export const handler = step(stepInput, async (ref) => submitGeneration(submitDeps(), ref));
