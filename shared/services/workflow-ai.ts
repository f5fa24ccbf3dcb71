// WorkflowAI, where a key is configured.
import { createWorkflowAi } from "../adapters/workflow-ai.ts";
import { environment, workflowAiKey } from "../environment.ts";
import { lazy } from "./lazy.ts";
import { log } from "./log.ts";

export const workflowAi = lazy(() => {
  const { WORKFLOWAI_API_URL: url, WORKFLOWAI_PROMPT_AGENT, WORKFLOWAI_VIDEO_AGENT } = environment();
  const key = workflowAiKey();
  if (key === undefined) return undefined;
  return createWorkflowAi({
    key,
    url,
    promptAgent: WORKFLOWAI_PROMPT_AGENT,
    videoAgent: WORKFLOWAI_VIDEO_AGENT,
    log: log(),
  });
});
