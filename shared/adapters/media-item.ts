// Between the record and its DynamoDB item: keys, and a reading that takes items of every age.
import * as z from "zod";
import type { Media, MediaRef } from "../media/media.ts";
import { DURATIONS, FORMATS, KlingGenerationMode, type AspectRatio } from "../media/modes.ts";
import { GenerationStatus, PHASES, type EventType } from "../media/status.ts";

const MEDIA_PREFIX = "MEDIA#";
const PARTITION = /^TENANT#([^#]+)#SPACE#([^#]+)$/;

/** 16 shards, so that no partition of the sweeper's index takes all the writes. */
export const SWEEP_SHARDS = Array.from({ length: 16 }, (_, n) => `SWEEP#${n}`);

/** The item's primary key. */
export function mediaKey(ref: MediaRef): { pk: string; sk: string } {
  return { pk: partitionKey(ref), sk: `${MEDIA_PREFIX}${ref.mediaId}` };
}

/** The partition of a space. Encoded, so that no name can imitate another's key. */
export function partitionKey({ tenantId, spaceId }: Omit<MediaRef, "mediaId">): string {
  return `TENANT#${encodeURIComponent(tenantId)}#SPACE#${encodeURIComponent(spaceId)}`;
}

/** The record that a primary key names; undefined for items that are no media. */
export function refOfKey({ pk, sk }: { pk: string; sk: string }): MediaRef | undefined {
  const [, tenantId, spaceId] = PARTITION.exec(pk) ?? [];
  if (tenantId === undefined || spaceId === undefined || !sk.startsWith(MEDIA_PREFIX)) return undefined;
  return {
    tenantId: decodeURIComponent(tenantId),
    spaceId: decodeURIComponent(spaceId),
    mediaId: sk.slice(MEDIA_PREFIX.length),
  };
}

/** The shard of a record: spread by the last character of its id, which is random. */
export function sweepShard(mediaId: string): string {
  return `SWEEP#${mediaId.charCodeAt(mediaId.length - 1) % SWEEP_SHARDS.length}`;
}

const EVENT_TYPES = [
  "Generation Started",
  "Generation Completed",
  "Generation Failed",
  "Generation Canceled",
  "Media Analyzed",
] as const satisfies readonly EventType[];

const text = z.string();
const optional = text.optional();
const count = z.number().int().nonnegative();

const storedMedia = z.object({
  tenantId: text,
  spaceId: text,
  id: text,
  baseMediaId: optional,
  uploadedBy: text.default("unknown"),
  name: optional,
  context: text.default(""),
  image: z.object({ link: text, width: z.number().optional(), height: z.number().optional() }).default({ link: "" }),
  generationMode: z.enum(KlingGenerationMode).optional(),
  duration: z.enum(DURATIONS).default("5"),
  aspectRatio: z.enum(Object.keys(FORMATS) as [AspectRatio, ...AspectRatio[]]).optional(),
  negativePrompt: optional,
  cfgScale: z.number().optional(),
  tailImageUrl: optional,
  estimatedCostUsd: z.number().optional(),
  phase: z.enum(PHASES).optional(),
  attempt: count.default(0),
  source: z.object({ key: text, width: z.number(), height: z.number(), tailKey: optional }).optional(),
  prompt: optional,
  claimedAt: optional,
  nextSubmitAt: optional,
  requestId: optional,
  submittedAt: optional,
  queuePosition: count.optional(),
  cancelRequestedAt: optional,
  cancelSentAt: optional,
  leaseOwner: optional,
  leaseUntil: optional,
  providerVideoUrl: optional,
  video: z
    .object({
      key: text,
      size: count,
      sha256: text,
      width: z.number(),
      height: z.number(),
      fps: z.number(),
      durationInSeconds: z.number(),
    })
    .optional(),
  generationStatus: z.enum(GenerationStatus).optional(),
  legacyVideoUrl: optional,
  description: z.array(z.object({ start: z.number(), text })).default([]),
  analysisStatus: z.enum(["pending", "completed", "failed"]).optional(),
  error: z.object({ code: text, message: text }).optional(),
  deadlineAt: optional,
  restarts: count.default(0),
  outbox: z.record(text, z.object({ type: z.enum(EVENT_TYPES), at: text })).default({}),
  sweepAt: optional,
  createdAt: text,
  updatedAt: text,
  version: count.default(1),
});

/** Older versions kept the media inside its space, the video by its link, and none of the dates that we keep. */
const olderItem = z.looseObject({
  id: optional,
  uploadedAt: optional,
  createdAt: optional,
  updatedAt: optional,
  media: z.record(text, z.unknown()).optional(),
  video: z.looseObject({ key: optional, link: optional }).optional().catch(undefined),
});

/**
 * The record in an item. What older versions did not know is left out or has its default; their video is its link.
 * @throws ZodError when the item is no media of any version
 */
export function readMediaItem(item: Record<string, unknown>): Media {
  const ref = refOfKey(z.object({ pk: text, sk: text }).parse(item));
  const outer = olderItem.parse(item);
  const fields = olderItem.parse({ ...outer.media, ...item });
  const createdAt = fields.createdAt ?? fields.uploadedAt ?? new Date(0).toISOString();
  const isOwnVideo = fields.video?.key !== undefined;
  return storedMedia.parse({
    ...fields,
    tenantId: ref?.tenantId,
    spaceId: ref?.spaceId,
    id: ref?.mediaId,
    createdAt,
    updatedAt: fields.updatedAt ?? createdAt,
    video: isOwnVideo ? fields.video : undefined,
    legacyVideoUrl: isOwnVideo ? undefined : (fields.video?.link ?? item["legacyVideoUrl"]),
  });
}

/** The item of a new record. Undefined attributes are left out by the document client. */
export function newMediaItem(media: Media): Record<string, unknown> {
  const { tenantId, spaceId, id: mediaId } = media;
  return { ...mediaKey({ tenantId, spaceId, mediaId }), ...media, sweepShard: sweepShard(mediaId) };
}
