// Between the record and its DynamoDB item: keys, and a reading that takes items of every age.
import * as z from "zod/mini";
import type { Hold, Media, MediaRef, SourceImage, StoredImage, StoredVideo } from "../media/media.ts";
import { ASPECT_RATIOS, KlingGenerationMode } from "../kling/models.ts";
import { UnreadableRecordError } from "../media/errors.ts";
import type { Line } from "../media/moves.ts";
import { HOLD_CODES } from "../media/provider-account.ts";
import { EVENT_TYPES, PHASES } from "../media/status.ts";
import type { TimelineEntry } from "../media/timeline.ts";
import { readLegacyItem } from "./legacy-media-item.ts";

const MEDIA_PREFIX = "MEDIA#";
const PARTITION = /^TENANT#([^#]+)#SPACE#([^#]+)$/;

/** 16 shards, so that no partition of the sweeper's index takes all the writes. */
export const SWEEP_SHARDS = Array.from({ length: 16 }, (_, n) => `SWEEP#${n}`);

/** And one each for those that wait: short lists most of the time, and read in their order. */
export const LINE_SHARDS: Record<Line, string> = { parked: "PARKED", waiting: "WAITING" };

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
  try {
    return {
      tenantId: decodeURIComponent(tenantId),
      spaceId: decodeURIComponent(spaceId),
      mediaId: sk.slice(MEDIA_PREFIX.length),
    };
  } catch {
    // A key that we did not encode is nothing of ours.
    return undefined;
  }
}

/** The shard of a record: spread by the last character of its id, a random hexadecimal digit. */
export function sweepShard(mediaId: string): string {
  return `SWEEP#${(parseInt(mediaId.slice(-1), 36) || 0) % SWEEP_SHARDS.length}`;
}

const text = z.string();
const optional = z.optional(text);
const number = z.number();
const count = z.int().check(z.nonnegative());

/** A schema for every field of a shape: one that is forgotten, or of another type, does not compile. */
type Fields<Shape> = { [Field in keyof Required<Shape>]: z.ZodMiniType<Shape[Field]> };

const storedImage = z.object({ key: text, width: number, height: number } satisfies Fields<StoredImage>);

const storedVideo = z.object({
  key: text,
  size: count,
  sha256: text,
  width: number,
  height: number,
  fps: number,
  durationInSeconds: number,
  audio: z.optional(z.boolean()),
} satisfies Fields<StoredVideo>);

/** The narrower ones first: a schema takes no notice of what it does not know. */
const account = z.union([
  z.object({ everybody: z.literal(true), shard: z.optional(count) }),
  z.object({ tenantId: text, day: z.literal(true) }),
  z.object({ tenantId: text, userId: text }),
  z.object({ tenantId: text }),
  z.object({ keyId: text }),
]);

/** What this version writes; `legacy-media-item.ts` alone reads what only older versions wrote. */
export type StoredFields = Fields<Omit<Media, "type" | "generationStatus" | "legacyVideo">>;

export const storedFields = {
  tenantId: text,
  spaceId: text,
  id: text,
  baseMediaId: optional,
  request: z.optional(z.object({ id: optional, idempotencyKey: optional })),
  uploadedBy: text,
  name: optional,
  context: text,
  image: z.object({ link: text, width: z.optional(number), height: z.optional(number) } satisfies Fields<
    Media["image"]
  >),
  model: optional,
  generationMode: z.optional(z.enum(KlingGenerationMode)),
  duration: text,
  audio: z.optional(z.boolean()),
  shots: z.optional(z.array(z.object({ prompt: text, duration: text }))),
  aspectRatio: z.optional(z.enum(ASPECT_RATIOS)),
  negativePrompt: optional,
  cfgScale: z.optional(number),
  tailImageUrl: optional,
  estimatedCostUsd: z.optional(number),
  billedNanoUsd: z.optional(count),
  reservation: optional,
  reservedWith: z.optional(z.array(account)),
  keyBudget: z.optional(z.object({ keyId: text, monthlyCapMills: count })),
  phase: z.enum(PHASES),
  attempt: count,
  source: z.optional(
    z.extend(storedImage, { tailKey: optional, placeholder: optional } satisfies Fields<
      Omit<SourceImage, keyof StoredImage>
    >),
  ),
  prompt: optional,
  endpointId: optional,
  imageField: optional,
  claimedAt: optional,
  nextSubmitAt: optional,
  hold: z.optional(z.object({ code: z.enum(HOLD_CODES), since: text } satisfies Fields<Hold>)),
  heldUntil: optional,
  waitsSince: optional,
  requestId: optional,
  submittedAt: optional,
  queuePosition: z.optional(count),
  reportedRequestId: optional,
  orphanRequestIds: z.optional(z.array(text)),
  cancelRequestedAt: optional,
  cancelCallUntil: optional,
  withoutMediaSince: optional,
  cancelSentAt: optional,
  leaseOwner: optional,
  leaseUntil: optional,
  providerVideoUrl: optional,
  video: z.optional(storedVideo),
  poster: z.optional(storedImage),
  completedAt: optional,
  description: z.array(z.object({ start: number, text })),
  analysisStatus: z.optional(z.enum(["pending", "completed", "failed"])),
  error: z.optional(z.object({ code: text, message: text })),
  deadlineAt: optional,
  restarts: count,
  outbox: z.record(text, z.object({ type: z.enum(EVENT_TYPES), at: text })),
  sweepAt: optional,
  keptUntil: optional,
  expiresAt: z.optional(count),
  timeline: z.optional(
    z.array(z.object({ at: text, phase: z.enum(PHASES), attempt: z.optional(count) } satisfies Fields<TimelineEntry>)),
  ),
  createdAt: text,
  updatedAt: text,
  version: count,
} satisfies StoredFields;
const storedMedia = z.object(storedFields);

/**
 * The record in an item, to act on. What this version writes must match its schema: an unreadable field may be the id of
 * a paid job. What an older version wrote is read as far as possible.
 * @throws UnreadableRecordError when a field does not hold what this version writes
 */
export function readMediaItem(item: Record<string, unknown>): Media {
  const ref = refOfItem(item);
  if (item["phase"] === undefined) return readLegacyItem(ref, item, storedVideo.safeParse(item["video"]).data);
  const { data, error } = storedMedia.safeParse(item);
  if (error) throw new UnreadableRecordError(ref.mediaId, unreadableFields(error));
  return data;
}

/**
 * The record in an item, to be shown and never to be acted on: without the fields that cannot be read (a newer version's
 * value, a null, another type), so that one item cannot hide a whole space.
 */
export function showMediaItem(item: Record<string, unknown>): Media {
  const { data, error } = item["phase"] === undefined ? {} : storedMedia.safeParse(item);
  if (data) return data;
  if (!error) return readMediaItem(item);
  const unreadable = unreadableFields(error);
  const readable = Object.fromEntries(Object.entries(item).filter(([name]) => !unreadable.includes(name)));
  const { video, ...fields } = z.partial(storedMedia).parse(readable);
  return { ...readLegacyItem(refOfItem(item), item, video), ...fields };
}

function refOfItem(item: Record<string, unknown>): MediaRef {
  const ref = refOfKey(itemKey.parse(item));
  if (!ref) throw new TypeError("the item is no media");
  return ref;
}

function unreadableFields({ issues }: z.core.$ZodError): string[] {
  return [...new Set(issues.map(({ path }) => String(path[0])))];
}

const itemKey = z.object({ pk: z.string(), sk: z.string() });

/** The item of a new record. Undefined attributes are left out by the document client. */
export function newMediaItem(media: Media): Record<string, unknown> {
  const { tenantId, spaceId, id: mediaId } = media;
  return { ...mediaKey({ tenantId, spaceId, mediaId }), ...media, sweepShard: sweepShard(mediaId) };
}
