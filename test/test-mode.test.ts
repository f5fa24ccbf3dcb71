// Test mode costs nothing: no paid service is called, whatever keys are set.
import { afterEach, describe, expect, it, vi } from "vitest";
import { serve } from "./local/local-server.ts";

const VIDEO = {
  videoUrl: "https://fal.example/v.mp4",
  imageUrl: "https://api.example/sources/m-1.jpg",
  frame: async () => "https://fal.example/f.jpg",
  mode: "standard",
} as const;
const REQUEST = { prompt: "The waves roll in.", image_url: VIDEO.imageUrl };

afterEach(() => {
  vi.unstubAllEnvs();
});

/** Everything a generation may ask of those who are paid, as a fresh process loads it, and what came to their doors. */
async function paidServices(testMode: "on" | "off") {
  const asked: string[] = [];
  const door = await serve((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(418).end();
  });
  const settings = { FAL_QUEUE_URL: `${door}/fal`, FAL_PLATFORM_URL: `${door}/fal`, WORKFLOWAI_API_URL: `${door}/ai` };
  const keys = { FAL_KEY: "fal-key", WORKFLOWAI_API_KEY: "workflowai-key" };
  for (const [name, value] of Object.entries({
    ...settings,
    ...keys,
    NODE_ENV: "development",
    FAL_TEST_MODE: testMode,
    POWERTOOLS_LOG_LEVEL: "SILENT",
  }))
    vi.stubEnv(name, value);
  vi.resetModules();
  const [{ prompts }, { describer }, { videoFrames }, kling] = await Promise.all([
    import("../shared/services/prompts.ts"),
    import("../shared/services/describer.ts"),
    import("../shared/services/video-frames.ts"),
    import("../shared/kling.ts"),
  ]);
  return { asked, prompts, describer, videoFrames, kling };
}

describe("in test mode, with every key set", () => {
  it("the user's own words are the prompt", async () => {
    const { asked, prompts } = await paidServices("on");
    expect(await prompts().enhance("The waves roll in.", VIDEO.imageUrl)).toBe("The waves roll in.");
    expect(asked).toEqual([]);
  });

  it("the description says what the video is", async () => {
    const { asked, describer } = await paidServices("on");
    expect(await describer().describe(VIDEO)).toContain("placeholder video of the test mode");
    expect(asked).toEqual([]);
  });

  it("no service takes a frame out of the video", async () => {
    const { asked, videoFrames } = await paidServices("on");
    expect(await videoFrames().frame(VIDEO.videoUrl, "first")).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it("nothing is submitted, looked at, fetched or canceled", async () => {
    const { asked, kling } = await paidServices("on");
    const { request_id } = await kling.startKlingVideoGeneration(REQUEST, "standard");
    await kling.checkKlingRequestStatus(request_id, "standard");
    await kling.getKlingRequestResult(request_id, "standard");
    await kling.cancelKlingRequest(request_id, "standard");
    expect(asked).toEqual([]);
  });
});

describe("out of test mode", () => {
  it("each of them is asked at these very doors", async () => {
    const { asked, prompts, describer, videoFrames, kling } = await paidServices("off");
    await prompts().enhance("The waves roll in.", VIDEO.imageUrl);
    await expect(describer().describe(VIDEO)).rejects.toThrow();
    // WorkflowAI first, and fal's model because it has failed.
    expect(asked.map((url) => url.split("/")[1])).toEqual(["ai", "ai", "fal"]);
    await expect(videoFrames().frame(VIDEO.videoUrl, "first")).rejects.toThrow();
    await expect(kling.startKlingVideoGeneration(REQUEST, "standard")).rejects.toThrow();
    expect(asked.slice(3)).toEqual([expect.stringMatching(/^\/fal\//), expect.stringMatching(/^\/fal\//)]);
  });
});
