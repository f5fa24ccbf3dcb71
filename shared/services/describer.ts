// Who describes the video: WorkflowAI where it is configured, fal's own model where it is not or fails; in test mode a fixed sentence.
import { createFalVideoUnderstanding } from "../adapters/fal-video-understanding.ts";
import { isTestMode } from "../environment.ts";
import type { VideoDescriber } from "../media/ports.ts";
import { clock } from "./clock.ts";
import { falModels } from "./fal.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";
import { workflowAi } from "./workflow-ai.ts";

const testModeSentence: VideoDescriber = {
  describe: async () => "A placeholder video of the test mode: no model was called and nothing was billed.",
};

/** The second is asked only where the first cannot. */
function eitherOf(first: VideoDescriber, second: VideoDescriber): VideoDescriber {
  return {
    describe: async (video) => {
      try {
        return await first.describe(video);
      } catch (error) {
        log().warn("video not described by WorkflowAI, fal's model is asked", { error: String(error) });
        return second.describe(video);
      }
    },
  };
}

export const describer = lazy((): VideoDescriber => {
  if (isTestMode()) return testModeSentence;
  const [agent, model] = [workflowAi(), createFalVideoUnderstanding(falModels, clock)];
  return agent ? eitherOf(agent, model) : model;
});
