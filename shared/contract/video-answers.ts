// What the routes of /v1/videos answer: for OpenAPI and the tests. No function reads it.
import * as z from "zod/mini";
import { videoId } from "./video-id.ts";

const epochSeconds = z.int().check(z.nonnegative(), z.describe("Epoch seconds."));

export const videoAnswer = z.object({
  id: videoId,
  object: z.literal("video"),
  model: z.string().check(z.describe("`<model id>-<mode>`.")),
  status: z
    .enum(["queued", "in_progress", "completed", "failed"])
    .check(z.describe("A canceled one is `failed`, with code `canceled`.")),
  progress: z.int().check(z.minimum(0), z.maximum(100), z.describe("By its phase: fal tells no percentage.")),
  created_at: epochSeconds,
  completed_at: z.nullable(epochSeconds),
  expires_at: z.nullable(epochSeconds).check(z.describe("When the media is deleted, where a retention is configured.")),
  seconds: z.string(),
  size: z.nullable(z.string()).check(z.describe("Of the video once there is one; before, as far as it is known.")),
  prompt: z.string(),
  error: z.nullable(z.object({ code: z.string(), message: z.string() })),
  remixed_from_video_id: z.null(),
});

export const videoListAnswer = z.object({
  object: z.literal("list"),
  data: z.array(videoAnswer),
  first_id: z.nullable(z.string()),
  last_id: z.nullable(z.string()),
  has_more: z.boolean(),
});

export const deletedVideoAnswer = z.object({
  id: videoId,
  object: z.literal("video.deleted"),
  deleted: z.literal(true),
});

export const videosErrorAnswer = z.object({
  error: z.object({
    message: z.string().check(z.describe("What a person can act on.")),
    type: z.string(),
    param: z.nullable(z.string()).check(z.describe("The field that is wrong.")),
    code: z.string().check(z.describe("As everywhere here: snake_case, stable.")),
  }),
});
