// A caller of ours: the client library, which starts and watches, against a machine of its own.
import assert from "node:assert/strict";
import { enhanceMedia } from "../../../shared/client/calls.ts";
import { watchGeneration } from "../../../shared/client/watch.ts";
import type { Caller } from "./errand.ts";

export async function callerOf(machine: string): Promise<Caller> {
  const connection = { baseUrl: machine };
  const picture = { media: { image: { link: `${machine}/samples/photo.jpg` } } };
  return async (prompt) => {
    const body = { spaceId: "bench", type: "video", context: prompt, mediaSpace: picture } as const;
    const { mediaSpace } = await enhanceMedia(body, connection);
    const { media } = await watchGeneration(mediaSpace, connection);
    assert.equal(media.phase, "completed", JSON.stringify(media.error));
    assert.ok(media.video && media.completedAt);
    return { recordedAt: Date.parse(media.completedAt) };
  };
}
