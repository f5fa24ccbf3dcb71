// WorkflowAI: a better prompt for Kling, and a description of the video. It may be slow, down or gone; no step waits long for it.
import { WorkflowAI } from "@workflowai/workflowai";
import type { Log, PromptWriter, VideoDescriber } from "../media/ports.ts";
import { boundedAnswer } from "./bounded-answer.ts";

export interface WorkflowAiAgent {
  id: string;
  schemaId: number;
  version: string;
}

export interface WorkflowAiOptions {
  key: string;
  url: string | undefined;
  promptAgent: WorkflowAiAgent;
  videoAgent: WorkflowAiAgent;
  log: Log;
}

/**
 * The SDK's own `fetch` repeats a 429 and a dropped socket after 5 s, regardless of `retries`: its HTTP client
 * (openapi-fetch 0.9) calls it without options, and with no time limit. Its types do not name `fetch`, its client takes it.
 */
function oneCall(timeoutMs: number): { retries: number; fetch: typeof fetch } {
  return {
    retries: 0,
    fetch: async (input, init) =>
      boundedAnswer(await fetch(input, { ...init, signal: AbortSignal.timeout(timeoutMs) })),
  };
}

const PROMPT_TIMEOUT_MS = 10_000;
const DESCRIPTION_TIMEOUT_MS = 30_000;

/** The two agents of the original application; the user's own words are the prompt when the first one fails. */
export function createWorkflowAi(options: WorkflowAiOptions): PromptWriter & VideoDescriber {
  const within = (timeoutMs: number) =>
    new WorkflowAI({
      key: options.key,
      // Its own host only where the option is absent; undefined is no address.
      ...(options.url !== undefined && { url: options.url }),
      fetch: oneCall(timeoutMs),
    });
  const writePrompt = within(PROMPT_TIMEOUT_MS).agent<
    { image: WorkflowAiFile; basic_prompt: string },
    { enhanced_prompt?: string }
  >(options.promptAgent);
  const describeVideo = within(DESCRIPTION_TIMEOUT_MS).agent<
    { images: { url: string }[] },
    { video_description?: string }
  >(options.videoAgent);
  return {
    async enhance(words, imageUrl) {
      try {
        const input = { image: asFile(imageUrl), basic_prompt: words };
        const { output } = await writePrompt(input);
        return output.enhanced_prompt?.trim() || words;
      } catch (error) {
        options.log.warn("prompt not enhanced, the user's own words are used", { error: String(error) });
        return words;
      }
    },
    async describe({ frame }) {
      const taken = await Promise.allSettled([frame("first"), frame("middle"), frame("last")]);
      const urls = taken.flatMap((it) => (it.status === "fulfilled" && it.value !== undefined ? [it.value] : []));
      // A single picture would be described as a picture, not as a video.
      if (urls.length < 2) throw new Error("too few frames of the video could be taken");
      const { output } = await describeVideo({ images: urls.map((url) => ({ url })) });
      const text = output.video_description?.trim();
      if (!text) throw new Error("WorkflowAI answered without a description");
      return text;
    },
  };
}

type WorkflowAiFile = { url: string } | { content_type: string; data: string };

function asFile(url: string): WorkflowAiFile {
  const [, contentType, data] = /^data:([^;]+);base64,(.*)$/s.exec(url) ?? [];
  return contentType !== undefined && data !== undefined ? { content_type: contentType, data } : { url };
}
