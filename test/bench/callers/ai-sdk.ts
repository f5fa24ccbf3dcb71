// A caller of Vercel's AI SDK with its fal provider, both at their defaults: it stays, and gets the video's bytes.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Caller } from "./errand.ts";
import { steerFetch } from "./steered-fetch.ts";

export async function callerOf(simulator: string): Promise<Caller> {
  steerFetch(simulator);
  const { experimental_generateVideo: generateVideo } = await import("ai");
  const { createFal } = await import("@ai-sdk/fal");
  const model = createFal({ apiKey: "bench" }).video("kling-video/v2.1/standard/image-to-video");
  const image = await readFile(new URL("../../../stacks/local/samples/photo.jpg", import.meta.url));
  return async (prompt) => {
    const { video } = await generateVideo({ model, prompt: { image, text: prompt } });
    assert.ok(video.uint8Array.length > 0);
    return {};
  };
}
