// The record of a generation: what is stored, once, under one key.
import { FIRST_MODEL, klingMode } from "../kling/catalogue.ts";
import { KlingGenerationMode, type AspectRatio, type Duration, type Made, type Shot } from "../kling/models.ts";
import type { Account } from "./account.ts";
import type { Instant } from "./instant.ts";
import type { HoldCode } from "./provider-account.ts";
import type { AnalysisStatus, EventType, GenerationStatus, Phase } from "./status.ts";
import type { TimelineEntry } from "./timeline.ts";

/** Names one record. The tenant comes from the caller's token alone. */
export interface MediaRef {
  tenantId: string;
  spaceId: string;
  mediaId: string;
}

/** One claim on a record: what a submit, and fal's report of its end, are named after. */
export interface Claim extends MediaRef {
  attempt: number;
}

/** A picture in our own store. */
export interface StoredImage {
  key: string;
  /** Pixels. */
  width: number;
  height: number;
}

/** The random part of its key is what opens the route fal fetches it from. */
export interface SourceImage extends StoredImage {
  /** A few pixels of it, as a `data:` URI; absent on records of older versions. */
  placeholder?: string;
  /** A file of the same kind for the last frame, where one was given. */
  tailKey?: string;
}

export interface StoredVideo {
  key: string;
  /** Bytes. */
  size: number;
  /** Hex. */
  sha256: string;
  /** Pixels, frames per second and seconds, read from the MP4 itself. */
  width: number;
  height: number;
  fps: number;
  durationInSeconds: number;
  /** Whether the MP4 holds sound; absent on records of older versions. */
  audio?: boolean;
}

/** A video that an older version recorded: its link, and what was known of it. */
export interface LegacyVideo {
  link: string;
  quality?: "hd" | "sd";
  size?: number;
  width?: number;
  height?: number;
  fps?: number;
  durationInSeconds?: number;
}

export interface OutboxEntry {
  type: EventType;
  at: Instant;
}

/** What a key may commit in a calendar month, as it was at the start. */
export interface KeyBudget {
  keyId: string;
  monthlyCapMills: number;
}

/** Why a generation waits though its turn had come, and since when. */
export interface Hold {
  code: HoldCode;
  since: Instant;
}

export interface Media {
  tenantId: string;
  spaceId: string;
  id: string;
  baseMediaId?: string;
  /** The request it came from, by which the sender recognises its events: the event on the bus, and the idempotency key. */
  request?: { id?: string | undefined; idempotencyKey?: string | undefined };
  uploadedBy: string;
  name?: string;

  /** Only on records of older versions: a picture, of which no video was asked. */
  type?: "image";

  /** The user's own words. */
  context: string;
  image: { link: string; width?: number; height?: number };
  /** Absent on records of the time when there was Kling 2.1 alone. */
  model?: string;
  generationMode?: KlingGenerationMode;
  duration: Duration;
  /** Whether sound was asked for, or comes with the model. */
  audio?: boolean;
  /** Sent to Kling instead of a prompt. */
  shots?: Shot[];
  aspectRatio?: AspectRatio;
  negativePrompt?: string;
  cfgScale?: number;
  tailImageUrl?: string;
  estimatedCostUsd?: number;
  /** What fal has billed for its job, discount taken off, in nano-dollars: written when its bill is reconciled. */
  billedNanoUsd?: number;
  /** Its reservation that is not settled yet, where spending is limited. */
  reservation?: string;
  /** The accounts that hold it. Absent on records of older versions, and without a reservation. */
  reservedWith?: Account[];
  /** The key that started it, with the key's monthly cap, where the key has one. */
  keyBudget?: KeyBudget;

  /** Absent on records written before phases existed. */
  phase?: Phase;
  /** How many claims were made; each submit names its attempt. */
  attempt: number;
  source?: SourceImage;
  /** The words sent to Kling. */
  prompt?: string;
  /** The endpoint that the latest claim is submitted to: its job is followed there, even if the catalogue has changed since. */
  endpointId?: string;
  /** fal's name for the source image at that endpoint. */
  imageField?: string;
  /** When the running claim was made. */
  claimedAt?: Instant;
  /** After a 429 or an unsent submit: not before this. */
  nextSubmitAt?: Instant;
  /** Queued because fal takes no job of the account. */
  hold?: Hold;
  /** Queued because fal's places are taken. */
  waitsSince?: Instant;
  /** So long it may be held, however often it is: set with the first hold. */
  heldUntil?: Instant;
  requestId?: string;
  /** When fal accepted. */
  submittedAt?: Instant;
  queuePosition?: number;
  /** Since when fal has said at each look that the job is done and has given no video. */
  withoutMediaSince?: Instant;
  /** A job that fal reported for a submit in doubt while its history could not confirm that it is this record's. */
  reportedRequestId?: string;
  /** Jobs that fal ran for this record and that it does not follow: their videos are not delivered. */
  orphanRequestIds?: string[];
  cancelRequestedAt?: Instant;
  /** One process is telling fal to cancel; until this time no other does. */
  cancelCallUntil?: Instant;
  /** fal was told to cancel, which happens once. */
  cancelSentAt?: Instant;

  /** The process that is finalizing, and until when no other may. */
  leaseOwner?: string;
  leaseUntil?: Instant;
  /** fal's own URL of the finished video, kept for a redrive. Never shown. */
  providerVideoUrl?: string;
  video?: StoredVideo;
  /** The video's first frame. Without one the source image is the poster: the video begins with it. */
  poster?: StoredImage;
  /** Only on records of older versions: the status before phases existed, and the video by its link. */
  generationStatus?: GenerationStatus;
  legacyVideo?: LegacyVideo;

  /** When the video was committed; its description follows within seconds. */
  completedAt?: Instant;
  description: { start: number; text: string }[];
  analysisStatus?: AnalysisStatus;
  error?: { code: string; message: string };

  /** After it, the generation ends as `timed_out`. */
  deadlineAt?: Instant;
  /** How often the sweeper restarted the workflow; names the execution. */
  restarts: number;
  /** Events written with the moves and not yet published, by event id. */
  outbox: Record<string, OutboxEntry>;
  /** When the sweeper next looks at the record, as long as anything is open; of one that waits for a place at fal, its place in the line. */
  sweepAt?: Instant;

  /** After it, the media is deleted, where a retention is configured. */
  keptUntil?: Instant;
  /** When the table forgets a deleted record: epoch seconds, DynamoDB's TTL unit. */
  expiresAt?: number;

  /** Its moves since the start, oldest first; those of a version that kept none are absent. */
  timeline?: TimelineEntry[];

  createdAt: Instant;
  updatedAt: Instant;
  version: number;
}

/** What a move may change besides the status. `undefined` removes an attribute. */
export type MediaChange = Partial<
  Omit<Media, "tenantId" | "spaceId" | "id" | "phase" | "version" | "outbox" | "updatedAt">
>;

/** The ref of what a caller names: by its tenant, its space and its id. */
export function refIn({ tenantId }: { tenantId: string }, { spaceId, id }: { spaceId: string; id: string }): MediaRef {
  return { tenantId, spaceId, mediaId: id };
}

/** The ref of a record. */
export function refOf(media: Media): MediaRef {
  return { tenantId: media.tenantId, spaceId: media.spaceId, mediaId: media.id };
}

/** The mode of a record; those that know none were standard. */
export function modeOf(media: Pick<Media, "generationMode">): KlingGenerationMode {
  return media.generationMode ?? KlingGenerationMode.STANDARD;
}

/** The model of a record; those that know none were Kling 2.1. */
export function modelOf(media: Pick<Media, "model">): string {
  return media.model ?? FIRST_MODEL;
}

/** What the job of a record was made with, as the record has it; records of older versions have it from their mode. */
export function madeWith({ endpointId, imageField, ...media }: Media): Made {
  if (endpointId === undefined || imageField === undefined) return klingMode(modeOf(media));
  return { endpointId, imageField };
}
