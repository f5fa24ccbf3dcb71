// A record as a tool tells it: a sentence that says what to do next, links, and the same as data.
import { presentMedia } from "../contract/present.ts";
import { videoIdOf } from "../contract/video-id.ts";
import { modelOf, modeOf, type Media } from "../media/media.ts";
import { progressOf } from "../media/progress.ts";
import { mediaFiles } from "../services/media-files.ts";
import type { ToolResult } from "./tool.ts";

/** Most videos take one to five minutes at fal. */
const ASK_AGAIN_SECONDS = 10;

/** @param first what is said before how it stands */
export async function shown(record: Media, first = ""): Promise<ToolResult> {
  const id = videoIdOf({ spaceId: record.spaceId, mediaId: record.id });
  const status = progressOf(record);
  const { media } = await presentMedia(mediaFiles(), record);
  const { error } = record;
  const video = media.video && { url: media.video.downloadLink ?? media.video.link, ...sizeOf(media.video) };
  const told = {
    in_progress: `Video ${id} is being made (${record.phase ?? "running"}). Call wait_for_video with this id; it was not ready just now.`,
    completed: `Video ${id} is ready: ${video?.url ?? "its file is gone"} (the link works for an hour; get_video gives a new one).`,
    failed: `Video ${id} has failed: ${error?.message ?? "without a reason"} (${error?.code ?? "unknown"}).`,
    canceled: `Video ${id} was canceled.`,
  }[status];
  return {
    text: [first, told].filter(Boolean).join(" "),
    links: [
      ...(media.video && video ? [{ uri: video.url, name: `${media.name}.mp4`, mimeType: "video/mp4" }] : []),
      ...(media.poster ? [{ uri: media.poster.link, name: "first frame", mimeType: "image/jpeg" }] : []),
    ],
    data: {
      ...summaryOf(record),
      prompt: record.context,
      video,
      error,
      ...(status === "in_progress" && { askAgainInSeconds: ASK_AGAIN_SECONDS }),
    },
  };
}

/** What a list tells of it. */
export function summaryOf(record: Media) {
  return {
    id: videoIdOf({ spaceId: record.spaceId, mediaId: record.id }),
    status: progressOf(record),
    phase: record.phase,
    model: modelOf(record),
    mode: modeOf(record),
    seconds: Number(record.duration),
    usd: record.estimatedCostUsd,
    createdAt: record.createdAt,
  };
}

function sizeOf({ width, height, durationInSeconds }: { width?: number; height?: number; durationInSeconds?: number }) {
  return { width, height, durationInSeconds };
}
