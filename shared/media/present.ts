// The record as callers see it: the seed's shapes, links made on reading, nothing of ours inside.
import { modelOf, type Media, type StoredImage, type StoredVideo } from "./media.ts";
import {
  TEST_MODE_REQUEST_ID,
  type AspectRatio,
  type Duration,
  type KlingGenerationMode,
  type Shot,
} from "../kling/models.ts";
import type { MediaFiles } from "./ports.ts";
import { videoFileName } from "./file-names.ts";
import { uploadIdIn } from "./upload.ts";
import { generationStatus, type AnalysisStatus, type GenerationStatus, type Phase, type Progress } from "./status.ts";

/** The seed's media. */
export interface IMedia {
  id: string;
  /** A picture only where an older version has recorded one. */
  type: "video" | "image";
  usage: "media";
  name: string;
  generationStatus: GenerationStatus;
  /** Absent, like `generationMode`, on records of older versions. */
  phase?: Phase;
  model: string;
  generationMode?: KlingGenerationMode;
  requestId?: string;
  queuePosition?: number;
  /** The user's own words, and what was asked for with them. */
  context: string;
  duration: Duration;
  /** Whether the video has sound, or will have. */
  audio?: boolean;
  shots?: Shot[];
  aspectRatio?: AspectRatio;
  negativePrompt?: string;
  cfgScale?: number;
  tailImageUrl?: string;
  /** Made in test mode: the video is a placeholder film, and nothing was billed. */
  testMode?: true;
  prompt?: string;
  error?: { code: string; message: string };
  /** The picture as Kling sees it; `originalLink` is what the request named, for another one with it. */
  image?: { link: string; originalLink?: string; width?: number; height?: number };
  /** What to show before the video plays: its first frame, or the picture it was made of. */
  poster?: { link: string; width: number; height: number };
  /** A few pixels of the picture as a `data:` URI, to show before anything has loaded. */
  placeholder?: string;
  video?: IVideo;
  description: { start: number; text: string }[];
  analysisStatus?: AnalysisStatus;
  estimatedCostUsd?: number;
  /** After it, the media is deleted. */
  keptUntil?: string;
  createdAt: string;
  /** A cancel was asked for and fal has not confirmed it yet. */
  cancelRequestedAt?: string;
  completedAt?: string;
  updatedAt: string;
  version: number;
}

/** Pixels, bytes, seconds. Of a video that an older version recorded perhaps only the link is known. */
export interface IVideo {
  link: string;
  /** The same file, kept by a browser under its media's name instead of shown. */
  downloadLink?: string;
  quality?: "hd" | "sd";
  file_type: "mp4";
  size?: number;
  width?: number;
  height?: number;
  fps?: number;
  durationInSeconds?: number;
  frames: never[];
}

/** The seed's media with its place. */
export interface IMediaSpace {
  id: string;
  spaceId: string;
  baseMediaId?: string;
  uploadedBy: string;
  uploadedAt: string;
  autoPlacement: boolean;
  media: IMedia;
}

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
    phase: record.phase,
    model: modelOf(record),
    generationMode: record.generationMode,
    requestId: record.requestId,
    queuePosition: record.queuePosition,
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
    keptUntil: record.keptUntil,
    createdAt,
    cancelRequestedAt: record.cancelRequestedAt,
    completedAt: record.completedAt,
    updatedAt: record.updatedAt,
    version: record.version,
  };
  return { id, spaceId, baseMediaId, uploadedBy, uploadedAt: createdAt, autoPlacement: false, media };
}

/** The seed's word for where a generation stands. */
export function progressOf(record: Media): Progress {
  const status = generationOf(record);
  return status === "generating-video" ? "in_progress" : status;
}

/** The original application's status of a record. */
export function generationOf(record: Media): GenerationStatus {
  if (record.phase !== undefined) return generationStatus(record.phase);
  return record.generationStatus ?? "generating-video";
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

async function presentVideo(files: Pick<MediaFiles, "link">, record: Media): Promise<IVideo | undefined> {
  if (record.video) {
    const downloadLink = await files.link(record.video.key, videoFileName(record));
    const { link, ...facts } = await factsOf(files, record.video);
    return { link, downloadLink, ...facts, file_type: "mp4", frames: [] };
  }
  return record.legacyVideo && { ...record.legacyVideo, file_type: "mp4", frames: [] };
}

async function factsOf(files: Pick<MediaFiles, "link">, video: StoredVideo) {
  const { key, size, width, height, fps, durationInSeconds } = video;
  const quality: IVideo["quality"] = Math.min(width, height) >= HD_SHORT_SIDE_PIXELS ? "hd" : "sd";
  return { link: await files.link(key), quality, size, width, height, fps, durationInSeconds };
}
