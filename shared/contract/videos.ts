// The routes of /v1/videos, in the shapes of OpenAI's retired Videos API (openai-node 7.59: src/resources/videos.ts): what they take, as what
// the domain is asked for, and a record as they show it.
import * as z from "zod/mini";
import { NotOfferedError } from "../kling/errors.ts";
import { FORMATS, PROMPT_MAX_CHARACTERS, type AspectRatio, type KlingRow } from "../kling/models.ts";
import type { StartCommand } from "../generation/start.ts";
import { modelOf, modeOf, type KeyBudget, type Media } from "../media/media.ts";
import { generationOf } from "../media/progress.ts";
import type { Phase } from "../media/status.ts";
import { linkOfSent, type SentPicture } from "../media/upload.ts";
import { isOfWebOrUpload, LINK_PATTERN, seconds, startCommand } from "./enhance.ts";
import { spaceId } from "./ids.ts";
import { decimal, maybe, text, visible } from "./text.ts";
import { videoId, videoIdOf } from "./video-id.ts";

/** The sizes that are asked for, as formats: how many pixels a video has is its model's. */
const FORMAT_OF_SIZE = {
  "1920x1080": "16:9",
  "1280x720": "16:9",
  "1080x1920": "9:16",
  "720x1280": "9:16",
  "1080x1080": "1:1",
} as const satisfies Record<string, AspectRatio>;
type Size = keyof typeof FORMAT_OF_SIZE;
const SIZES = Object.keys(FORMAT_OF_SIZE).filter((size): size is Size => size in FORMAT_OF_SIZE);

const DATA_URI = /^data:([\w.+-]+\/[\w.+-]+);base64,([A-Za-z0-9+/]+={0,2})$/;

const picture = z.string("must be a picture: a file, a link, or a data: URI").check(
  z.refine(
    (it) => (it.length <= 2048 && isOfWebOrUpload(it)) || DATA_URI.test(it),
    "must be an http(s) link, the link of an upload, or a picture as a data: URI in base64",
  ),
  z.meta({
    description: "A link of the web or of an upload, or up to 4 MB as a `data:` URI.",
    examples: ["https://example.com/photo.jpg"],
    format: "uri",
    pattern: `${LINK_PATTERN.slice(0, -2)}|${DATA_URI.source.slice(1, -1)})$`,
  }),
);

export const createVideoRequest = z.object({
  prompt: text(PROMPT_MAX_CHARACTERS).check(
    visible,
    z.meta({
      description: "What happens in the video.",
      examples: ["The waves roll in, slow camera pan to the right."],
    }),
  ),
  input_reference: z.object({ image_url: picture }, "is needed: the picture to animate, as a file or { image_url }"),
  model: maybe(z.string()).check(
    z.meta({
      description: "`<model id>-<mode>` or a model id, of GET /api/models; its default unless given.",
      examples: ["kling-2.1-pro"],
    }),
  ),
  seconds: maybe(seconds).check(z.describe("One of the mode's lengths; 5 unless given.")),
  size: maybe(z.enum(SIZES)).check(z.describe("Its ratio is taken; without it the picture's own.")),
  audio: maybe(z.union([z.boolean(), z.enum(["true", "false"])])).check(
    z.describe("With sound, where the mode leaves the choice; false unless given."),
  ),
});
type CreateVideoRequest = z.infer<typeof createVideoRequest>;

export const spaceHeader = spaceId;
export const DEFAULT_SPACE = "default";

export const videoPath = z.object({ id: videoId });

const PAGE = 20;
export const videosQuery = z.object({
  limit: z._default(decimal(z.int().check(z.minimum(1), z.maximum(100))), PAGE).check(z.meta({ default: PAGE })),
  order: z._default(z.enum(["asc", "desc"]), "desc").check(z.describe("By when they were started.")),
  after: z.optional(videoId).check(z.describe("The `last_id` of the page before.")),
});

export const contentQuery = z.object({
  variant: z
    ._default(z.enum(["video", "thumbnail"]), "video")
    .check(z.describe("The MP4, or its first frame as a JPEG.")),
});

/**
 * What the domain starts, and the picture that came with the request, which is to be kept first.
 * @param offered what this deployment offers
 * @throws NotOfferedError in the fields of this request, PictureTooLargeToSendError
 */
export function startVideoCommand(
  request: CreateVideoRequest & { spaceId: string },
  caller: { tenantId: string; userId: string; keyBudget?: KeyBudget },
  offered: readonly KlingRow[],
): { command: StartCommand; sent: SentPicture | undefined } {
  const { prompt, size, audio, input_reference: reference } = request;
  const sent = sentIn(reference.image_url);
  const link = sent ? linkOfSent(sent.bytes) : reference.image_url;
  const body = {
    spaceId: request.spaceId,
    context: prompt,
    mediaSpace: { media: { image: { link } } },
    ...rowNamed(request.model, offered),
    duration: request.seconds,
    aspectRatio: size && FORMAT_OF_SIZE[size],
    audio: audio === undefined ? undefined : String(audio) === "true",
  };
  return { command: inFieldsOf(VIDEO_FIELDS, () => startCommand(body, caller, offered)), sent };
}

function sentIn(picture: string): SentPicture | undefined {
  const [, contentType, base64] = DATA_URI.exec(picture) ?? [];
  return contentType === undefined || base64 === undefined
    ? undefined
    : { contentType, bytes: Buffer.from(base64, "base64") };
}

const nameOf = ({ model, mode }: Pick<KlingRow, "model" | "mode">) => `${model}-${mode}`;

/** @throws NotOfferedError listing the names that are offered */
function rowNamed(name: string | undefined, offered: readonly KlingRow[]): Partial<Pick<KlingRow, "model" | "mode">> {
  if (name === undefined) return {};
  const row = offered.find((it) => nameOf(it) === name);
  if (row) return { model: row.model, mode: row.mode };
  if (offered.some(({ model }) => model === name)) return { model: name };
  throw new NotOfferedError([{ path: "model", message: `must be one of ${offered.map(nameOf).join(", ")}` }]);
}

const VIDEO_FIELDS = { context: "prompt", duration: "seconds", mode: "model" };

/**
 * Reads a wish whose fields have other names where it came from.
 * @param names our field -> its name there
 * @throws NotOfferedError in those names
 */
export function inFieldsOf<R>(names: Readonly<Record<string, string>>, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof NotOfferedError)) throw error;
    throw new NotOfferedError(error.details.map(({ path, message }) => ({ path: names[path] ?? path, message })));
  }
}

/** How far it is, in the hundred that clients show: fal tells no more than its phase. */
const PROGRESS_OF: Partial<Record<Phase, number>> = { submitting: 5, generating: 50, finalizing: 95, completed: 100 };

/** A record as these routes show it. */
export function showVideo(record: Media) {
  const { phase, video, aspectRatio, source } = record;
  const pixels = video ?? (aspectRatio === undefined ? source : FORMATS[aspectRatio]);
  return {
    id: videoIdOf({ spaceId: record.spaceId, mediaId: record.id }),
    object: "video" as const,
    model: nameOf({ model: modelOf(record), mode: modeOf(record) }),
    status: statusOf(record),
    progress: (phase && PROGRESS_OF[phase]) ?? 0,
    created_at: epochSeconds(record.createdAt),
    completed_at: record.completedAt === undefined ? null : epochSeconds(record.completedAt),
    expires_at: record.keptUntil === undefined ? null : epochSeconds(record.keptUntil),
    seconds: record.duration,
    size: pixels ? `${pixels.width}x${pixels.height}` : null,
    prompt: record.context,
    error: errorOf(record),
    remixed_from_video_id: null,
  };
}

function statusOf(record: Media): "queued" | "in_progress" | "completed" | "failed" {
  const { phase } = record;
  if (phase === "queued" || phase === "submitting") return "queued";
  const status = generationOf(record);
  if (status === "generating-video") return "in_progress";
  return status === "completed" ? "completed" : "failed";
}

function errorOf(record: Media): { code: string; message: string } | null {
  if (record.error) return record.error;
  if (generationOf(record) === "canceled") return { code: "canceled", message: "The generation was canceled." };
  return null;
}

function epochSeconds(instant: string): number {
  return Math.floor(Date.parse(instant) / 1000);
}
