// WorkflowAI, where a key is configured. Its SDK is read with the first call: most deployments have no key.
import { environment } from "../environment.ts";
import { workflowAiKey } from "../linked.ts";
import type { PromptWriter, VideoDescriber } from "../media/ports.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";

export const workflowAi = lazy((): (PromptWriter & VideoDescriber) | undefined => {
  const { WORKFLOWAI_API_URL: url, WORKFLOWAI_PROMPT_AGENT, WORKFLOWAI_VIDEO_AGENT } = environment();
  const key = workflowAiKey();
  if (key === undefined) return undefined;
  const agents = lazy(async () => {
    const { createWorkflowAi } = await import("../adapters/workflow-ai.ts");
    const [promptAgent, videoAgent] = [WORKFLOWAI_PROMPT_AGENT, WORKFLOWAI_VIDEO_AGENT];
    return createWorkflowAi({ key, url, promptAgent, videoAgent, log: log() });
  });
  return {
    enhance: async (...of) => (await agents()).enhance(...of),
    describe: async (...of) => (await agents()).describe(...of),
  };
});
