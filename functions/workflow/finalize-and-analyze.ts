// Step finalize-and-analyze: the finished video is copied to our store, its facts are read, the record is committed, the video is described.
import { stepInput } from "../../shared/contract/steps.ts";
import { step } from "../../shared/edge/lambda.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { finalizeDeps } from "../../shared/services/finalize-deps.ts";

export const handler = step(stepInput, async (ref) => finalizeGeneration(finalizeDeps(), ref));
