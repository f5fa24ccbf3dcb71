// Who describes the video: WorkflowAI where it is configured, else fal's own model; in test mode a fixed sentence.
import { createFalVideoUnderstanding } from "../adapters/fal-video-understanding.ts";
import { isTestMode } from "../environment.ts";
import type { VideoDescriber } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { falModels } from "./fal.ts";
import { lazy } from "./lazy.ts";
import { workflowAi } from "./workflow-ai.ts";

const testModeSentence: VideoDescriber = {
  describe: async () => "A placeholder video of the test mode: nobody was asked and nothing was billed.",
};

export const describer = lazy((): VideoDescriber => {
  if (isTestMode()) return testModeSentence;
  return workflowAi() ?? createFalVideoUnderstanding(falModels, clock);
});
