// Items of older versions: whatever can be read of them is read, and nothing in them can make a reading fail.
import * as z from "zod";
import type { Media, MediaRef, StoredVideo } from "../media/media.ts";
import { DURATIONS, KlingGenerationMode } from "../media/modes.ts";
import { GenerationStatus } from "../media/status.ts";

const text = z.string().optional().catch(undefined);
const amount = z.number().nonnegative().optional().catch(undefined);
const link = z.string().min(1);

const date = z
  .union([z.string(), z.number()])
  .refine((value) => !Number.isNaN(Date.parse(String(new Date(value)))), { abort: true })
  .transform((value) => new Date(value).toISOString())
  .optional()
  .catch(undefined);

/** Older versions kept the media inside its space; some wrote both levels flat. */
const legacyItem = z.object({
  uploadedBy: text,
  uploadedAt: date,
  createdAt: date,
  updatedAt: date,
  baseMediaId: text,
  name: text,
  type: z.literal("image").optional().catch(undefined),
  context: text,
  prompt: text,
  requestId: text,
  generationMode: z.enum(KlingGenerationMode).optional().catch(undefined),
  generationStatus: z.enum(GenerationStatus).optional().catch(undefined),
  duration: z.coerce.string().pipe(z.enum(DURATIONS)).catch("5"),
  image: z.object({ link, width: amount, height: amount }).optional().catch(undefined),
  video: z
    .object({
      link,
      quality: z.enum(["hd", "sd"]).optional().catch(undefined),
      size: amount,
      width: amount,
      height: amount,
      fps: amount,
      durationInSeconds: amount,
    })
    .optional()
    .catch(undefined),
  description: z
    .union([
      z.array(z.object({ start: z.number().catch(0), text: z.string() })),
      z
        .string()
        .min(1)
        .transform((sentence) => [{ start: 0, text: sentence }]),
    ])
    .catch([]),
  error: z
    .union([
      z.object({ code: z.string(), message: z.string() }),
      z.string().transform((message) => ({ code: "generation_failed", message })),
    ])
    .optional()
    .catch(undefined),
  version: z.coerce.number().int().nonnegative().catch(1),
});

/** The record in an item that has no phase; `stored` is its video where that is in our own store. */
export function readLegacyItem(ref: MediaRef, item: Record<string, unknown>, stored: StoredVideo | undefined): Media {
  const inner = z.record(z.string(), z.unknown()).catch({}).parse(item["media"]);
  const { video, image, type, uploadedAt, ...fields } = legacyItem.parse({ ...inner, ...item });
  const createdAt = fields.createdAt ?? uploadedAt ?? new Date(0).toISOString();
  return {
    ...fields,
    tenantId: ref.tenantId,
    spaceId: ref.spaceId,
    id: ref.mediaId,
    uploadedBy: fields.uploadedBy ?? "unknown",
    context: fields.context ?? "",
    image: image ?? { link: "" },
    video: stored,
    legacyVideo: video,
    // A video that is there, or a picture, is not waiting for anything.
    generationStatus:
      fields.generationStatus ?? (stored || video || (type && image) ? "completed" : "generating-video"),
    attempt: 0,
    restarts: 0,
    outbox: {},
    createdAt,
    updatedAt: fields.updatedAt ?? createdAt,
  };
}
