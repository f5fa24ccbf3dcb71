// A caller of fal's own client, at its defaults: it stays and asks twice a second, and gets a link that will expire.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Caller } from "./errand.ts";
import { steerFetch } from "./steered-fetch.ts";

export async function callerOf(simulator: string): Promise<Caller> {
  steerFetch(simulator);
  const { createFalClient } = await import("@fal-ai/client");
  const fal = createFalClient({ credentials: "bench" });
  const image = await readFile(new URL("../../../stacks/local/samples/photo.jpg", import.meta.url), "base64");
  return async (prompt) => {
    const input = { prompt, image_url: `data:image/jpeg;base64,${image}` };
    const { data } = await fal.subscribe("fal-ai/kling-video/v2.1/standard/image-to-video", { input });
    assert.ok(data.video.url);
    return {};
  };
}
