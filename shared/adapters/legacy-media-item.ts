// Items of older versions: every readable field is read, and nothing in them can make a read fail.
import * as z from "zod/mini";
import type { Media, MediaRef, StoredVideo } from "../media/media.ts";
import { KlingGenerationMode } from "../kling/models.ts";
import { GenerationStatus } from "../media/status.ts";

/** The fields that are present and readable. */
function readable<S extends z.ZodMiniType>(schema: S) {
  return z.catch(z.optional(schema), undefined);
}

const text = readable(z.string());
const amount = readable(z.number().check(z.nonnegative()));
const link = z.string().check(z.minLength(1));

const date = readable(
  z.pipe(
    z
      .union([z.string(), z.number()])
      .check(z.refine((value) => !Number.isNaN(Date.parse(String(new Date(value)))), { abort: true })),
    z.transform((value) => new Date(value).toISOString()),
  ),
);

/** Older versions kept the media inside its space; some wrote both levels flat. */
const legacyItem = z.object({
  uploadedBy: text,
  uploadedAt: date,
  createdAt: date,
  updatedAt: date,
  baseMediaId: text,
  name: text,
  type: readable(z.literal("image")),
  context: text,
  prompt: text,
  requestId: text,
  generationMode: readable(z.enum(KlingGenerationMode)),
  generationStatus: readable(z.enum(GenerationStatus)),
  duration: z.catch(z.pipe(z.coerce.string(), z.enum(["5", "10"])), "5"),
  image: readable(z.object({ link, width: amount, height: amount })),
  video: readable(
    z.object({
      link,
      quality: readable(z.enum(["hd", "sd"])),
      size: amount,
      width: amount,
      height: amount,
      fps: amount,
      durationInSeconds: amount,
    }),
  ),
  description: z.catch(
    z.union([
      z.array(z.object({ start: z.catch(z.number(), 0), text: z.string() })),
      z.pipe(
        z.string().check(z.minLength(1)),
        z.transform((sentence) => [{ start: 0, text: sentence }]),
      ),
    ]),
    [],
  ),
  error: readable(
    z.union([
      z.object({ code: z.string(), message: z.string() }),
      z.pipe(
        z.string(),
        z.transform((message) => ({ code: "generation_failed", message })),
      ),
    ]),
  ),
  version: z.catch(z.coerce.number().check(z.int(), z.nonnegative()), 1),
});

/** The record in an item that has no phase; `stored` is its video where that is in our own store. */
export function readLegacyItem(ref: MediaRef, item: Record<string, unknown>, stored: StoredVideo | undefined): Media {
  const inner = z.catch(z.record(z.string(), z.unknown()), {}).parse(item["media"]);
  const { video, image, uploadedAt, ...fields } = legacyItem.parse({ ...inner, ...item });
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
    // A record with a video, or of a picture, is not waiting for anything.
    generationStatus:
      fields.generationStatus ?? (stored || video || (fields.type && image) ? "completed" : "generating-video"),
    attempt: 0,
    restarts: 0,
    outbox: {},
    createdAt,
    updatedAt: fields.updatedAt ?? createdAt,
  };
}
