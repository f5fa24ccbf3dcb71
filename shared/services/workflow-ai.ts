// WorkflowAI, where a key is configured; never in test mode, which costs nothing. Its SDK is read with the first call: most deployments have no key.
import { isTestMode, setting } from "../environment.ts";
import { workflowAiKey } from "../linked.ts";
import type { PromptWriter, VideoDescriber } from "../media/ports.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";

export const workflowAi = lazy((): (PromptWriter & VideoDescriber) | undefined => {
  const key = workflowAiKey();
  if (key === undefined || isTestMode()) return undefined;
  const agents = lazy(async () => {
    const { createWorkflowAi } = await import("../adapters/workflow-ai.ts");
    return createWorkflowAi({
      key,
      url: setting("WORKFLOWAI_API_URL"),
      promptAgent: setting("WORKFLOWAI_PROMPT_AGENT"),
      videoAgent: setting("WORKFLOWAI_VIDEO_AGENT"),
      log: log(),
    });
  });
  return {
    enhance: async (...of) => (await agents()).enhance(...of),
    describe: async (...of) => (await agents()).describe(...of),
  };
});
