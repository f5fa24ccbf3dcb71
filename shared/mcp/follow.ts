// The tools on videos that were started: wait, look, list, cancel.
import * as z from "zod/mini";
import { idCursors, refOfVideo, videoId } from "../contract/video-id.ts";
import { spaceId } from "../contract/ids.ts";
import { maybe } from "../contract/text.ts";
import { DEFAULT_SPACE } from "../contract/videos.ts";
import { notOfThisList } from "../edge/http-errors.ts";
import { cancelGeneration, cancelMessage } from "../generation/cancel.ts";
import { listMedia } from "../media/list.ts";
import type { Media, MediaRef } from "../media/media.ts";
import { progressOf } from "../media/progress.ts";
import { readMedia } from "../media/read.ts";
import { PROGRESS } from "../media/status.ts";
import { watchMedia } from "../media/watch.ts";
import { cancelDeps } from "../services/cancel-deps.ts";
import { clock } from "../services/clock.ts";
import { mediaRecords } from "../services/media-records.ts";
import { shown, summaryOf } from "./shown.ts";
import { tool } from "./tool.ts";

/** Of the gateway's 30 s, with room for a cold start and for the reads. */
const WAIT_MAX_SECONDS = 25;

const id = videoId.check(z.describe("The id that start_video or list_videos gave."));

export const waitForVideo = tool({
  name: "wait_for_video",
  title: "Wait for a video",
  description: `Waits until a video is ready, has failed or was canceled, at most ${WAIT_MAX_SECONDS} seconds a call, and says how it stands. Costs nothing. If it is still being made, call it again: a video takes one to five minutes in all.`,
  access: "read",
  input: z.object({
    id,
    maxSeconds: maybe(z.number().check(z.nonnegative())).check(
      z.describe(`How long to wait in this call; ${WAIT_MAX_SECONDS} at most, and without it.`),
    ),
  }),
  run: async ({ id: video, maxSeconds = WAIT_MAX_SECONDS }, caller) => {
    const until = clock.now() + Math.min(maxSeconds, WAIT_MAX_SECONDS) * 1000;
    return shown(await ended(refOfVideo(caller, video), until));
  },
});

/** The record when it has ended, or as it stands at that time. @param until epoch milliseconds */
async function ended(ref: MediaRef, until: number): Promise<Media> {
  const deps = { records: mediaRecords(), clock };
  let media = await readMedia(deps, ref);
  while (progressOf(media) === "in_progress" && clock.now() < until) {
    const waitSeconds = (until - clock.now()) / 1000;
    media = (await watchMedia(deps, ref, { sinceVersion: media.version, waitSeconds })) ?? media;
  }
  return media;
}

export const getVideo = tool({
  name: "get_video",
  title: "Look at a video",
  description: "How a video stands, and the links to its file and its first frame once it is ready. Costs nothing.",
  access: "read",
  input: z.object({ id }),
  run: async ({ id: video }, caller) => shown(await readMedia({ records: mediaRecords() }, refOfVideo(caller, video))),
});

export const listVideos = tool({
  name: "list_videos",
  title: "List videos",
  description:
    "The videos of a space, newest first, with their ids and how they stand: the way to find one again whose id was lost. Costs nothing.",
  access: "read",
  input: z.object({
    space: maybe(spaceId).check(z.describe(`The space that was given to start_video; ${DEFAULT_SPACE} without it.`)),
    limit: maybe(z.int().check(z.minimum(1), z.maximum(100))).check(z.describe("At most so many; 20 without it.")),
    status: maybe(z.enum(PROGRESS)).check(z.describe("Only those that stand so.")),
    after: maybe(videoId).check(z.describe("The `next` of the page before.")),
  }),
  run: async ({ space = DEFAULT_SPACE, limit = 20, status, after }, { tenantId }) => {
    const asked = { limit, ...(status && { status }), ...(after !== undefined && { cursor: after }) };
    const deps = { records: mediaRecords(), cursors: idCursors };
    const page = await listMedia(deps, { tenantId, spaceId: space }, asked);
    if (!page) throw notOfThisList("after");
    const lines = page.items.map((media) => {
      const { id: video, status: stands, model, mode, seconds } = summaryOf(media);
      return `${video}: ${stands}, ${model} ${mode}, ${seconds} s, started ${media.createdAt}: ${media.context.slice(0, 80)}`;
    });
    const text = lines.length > 0 ? lines.join("\n") : `There are no such videos in the space ${space}.`;
    const videos = page.items.map((media) => ({ ...summaryOf(media), prompt: media.context }));
    return { text, data: { videos, next: page.nextCursor } };
  },
});

export const cancelVideo = tool({
  name: "cancel_video",
  title: "Cancel a video",
  description:
    "Stops a video that is being made, at fal too. One that has not begun costs nothing; one that has may still be finished and paid. One that is ready stays (an error says so).",
  access: "write",
  input: z.object({ id }),
  run: async ({ id: video }, caller) => {
    const media = await cancelGeneration(cancelDeps(), refOfVideo(caller, video));
    return { text: cancelMessage(media), data: summaryOf(media) };
  },
});
