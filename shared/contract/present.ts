// The record as callers see it: the shapes of media-space.ts, links made on reading, nothing of ours inside.
import type * as z from "zod/mini";
import { TEST_MODE_REQUEST_ID } from "../kling/models.ts";
import { videoFileName } from "../media/file-names.ts";
import { modelOf, type Media, type StoredImage, type StoredVideo } from "../media/media.ts";
import type { MediaFiles } from "../media/ports.ts";
import { generationOf } from "../media/progress.ts";
import { uploadIdIn } from "../media/upload.ts";
import { costOf } from "../money/cost.ts";
import type { media, mediaSpace } from "./media-space.ts";

/** The media of the original application, as its schema says it. */
export type IMedia = z.infer<typeof media>;
/** The same with its place. */
export type IMediaSpace = z.infer<typeof mediaSpace>;

/** HD is what the MP4 says: a short side of at least this. */
const HD_SHORT_SIDE_PIXELS = 1080;

/** A record on the wire. Links are signed anew on each call and die within hours. */
export async function presentMedia(files: Pick<MediaFiles, "link">, record: Media): Promise<IMediaSpace> {
  const { id, spaceId, baseMediaId, uploadedBy, createdAt } = record;
  const media: IMedia = {
    id,
    type: record.type ?? "video",
    usage: "media",
    name: record.name ?? "Untitled",
    generationStatus: generationOf(record),
    // A deleted media is never shown.
    phase: record.phase === "deleted" ? undefined : record.phase,
    model: modelOf(record),
    generationMode: record.generationMode,
    requestId: record.requestId,
    queuePosition: record.queuePosition,
    hold: record.hold,
    context: record.context,
    duration: record.duration,
    audio: record.video?.audio ?? record.audio,
    shots: record.shots,
    aspectRatio: record.aspectRatio,
    negativePrompt: record.negativePrompt,
    cfgScale: record.cfgScale,
    tailImageUrl: record.tailImageUrl,
    ...(record.requestId === TEST_MODE_REQUEST_ID && { testMode: true as const }),
    prompt: record.prompt,
    error: record.error,
    image: await presentImage(files, record),
    poster: await presentStored(files, record.poster ?? record.source),
    placeholder: record.source?.placeholder,
    video: await presentVideo(files, record),
    description: record.description,
    analysisStatus: record.analysisStatus,
    estimatedCostUsd: record.estimatedCostUsd,
    cost: costOf(record),
    keptUntil: record.keptUntil,
    timeline: record.timeline?.flatMap(({ phase, ...entry }) => (phase === "deleted" ? [] : [{ phase, ...entry }])),
    createdAt,
    cancelRequestedAt: record.cancelRequestedAt,
    completedAt: record.completedAt,
    updatedAt: record.updatedAt,
    version: record.version,
  };
  return { id, spaceId, baseMediaId, uploadedBy, uploadedAt: createdAt, autoPlacement: false, media };
}

async function presentImage(files: Pick<MediaFiles, "link">, { source, image }: Media): Promise<IMedia["image"]> {
  const stored = await presentStored(files, source);
  if (stored) return { ...stored, ...(image.link !== "" && { originalLink: image.link }) };
  // An upload has no address that a caller could open; its picture is shown from the source on.
  return image.link === "" || uploadIdIn(image.link) !== undefined ? undefined : image;
}

async function presentStored(files: Pick<MediaFiles, "link">, stored: StoredImage | undefined) {
  return stored && { link: await files.link(stored.key), width: stored.width, height: stored.height };
}

async function presentVideo(files: Pick<MediaFiles, "link">, record: Media): Promise<IMedia["video"]> {
  if (record.video) {
    const downloadLink = await files.link(record.video.key, videoFileName(record));
    const { link, ...facts } = await factsOf(files, record.video);
    return { link, downloadLink, ...facts, file_type: "mp4", frames: [] };
  }
  return record.legacyVideo && { ...record.legacyVideo, file_type: "mp4", frames: [] };
}

async function factsOf(files: Pick<MediaFiles, "link">, video: StoredVideo) {
  const { key, size, width, height, fps, durationInSeconds } = video;
  const quality: "hd" | "sd" = Math.min(width, height) >= HD_SHORT_SIDE_PIXELS ? "hd" : "sd";
  return { link: await files.link(key), quality, size, width, height, fps, durationInSeconds };
}
