// Who writes the words for Kling: WorkflowAI where it is configured, else the user, as always in test mode.
import type { PromptWriter } from "../media/ports.ts";
import { workflowAi } from "./workflow-ai.ts";
import { lazy } from "./lazy.ts";

const usersOwnWords: PromptWriter = { enhance: async (words) => words };

export const prompts = lazy((): PromptWriter => workflowAi() ?? usersOwnWords);
