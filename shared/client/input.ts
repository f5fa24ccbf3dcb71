// What a video is made of, in plain names; the original application's body is taken as it is.
import type { EnhanceRequest } from "./contract.ts";
import { ApiError, UsageError } from "./errors.ts";
import type { Connection } from "./request.ts";
import { uploadImage } from "./upload.ts";

/** A link of the web or of an upload, or the picture itself (a `File` is a `Blob`): that is uploaded and checked first. */
export type Picture = string | URL | Blob;

/** What a video is made of. Which models, lengths and extras there are, `getModels` tells; what is absent is the API's default. */
export interface VideoInput extends Pick<
  EnhanceRequest,
  "model" | "mode" | "audio" | "aspectRatio" | "negativePrompt" | "cfgScale"
> {
  prompt: string;
  image: Picture;
  /** Of the video: one of the mode's lengths. */
  seconds?: number | string | undefined;
  /** Where the video is kept: a user's, a project's; `default` unless given. */
  space?: string | undefined;
  name?: string | undefined;
  /** The last frame, where the mode has `lastFrame`. */
  lastImage?: Picture | undefined;
  /** What happens shot by shot, where the mode has `shots`; `prompt` then describes the whole. */
  shots?: { prompt: string; seconds: number | string }[] | undefined;
}

/** In plain names, or as `POST /api/media/enhance` takes it. */
export type StartInput = VideoInput | EnhanceRequest;

/**
 * The body of `POST /api/media/enhance`. Names that are not known here go along: the API says what it thinks of them.
 * @throws UsageError before anything is sent; ApiError and NoAnswerError of an upload
 */
export async function requestOf(input: StartInput, connection: Connection): Promise<EnhanceRequest> {
  if ("mediaSpace" in input) return input;
  const { prompt, image, seconds, space = "default", name, lastImage, shots, ...others } = input;
  // From JavaScript anything may come; an enhance body without its picture would be told of names that the caller has not used.
  if (typeof prompt !== "string" || !prompt.trim()) throw new UsageError("no_prompt", "Say in `prompt` what happens.");
  if (!image) throw new UsageError("no_image", "Give the picture in `image`: a link, a File or a Blob.");
  const tailImageUrl = lastImage && (await linkOf(lastImage, connection));
  return {
    spaceId: space,
    type: "video",
    context: prompt,
    mediaSpace: { media: { image: { link: await linkOf(image, connection) }, ...(name !== undefined && { name }) } },
    ...(seconds !== undefined && { duration: seconds }),
    ...(shots && { shots: shots.map((shot) => ({ prompt: shot.prompt, duration: shot.seconds })) }),
    ...(tailImageUrl && { tailImageUrl }),
    ...others,
  };
}

/** The API's names for what has another here. */
const PLAIN: Readonly<Record<string, string>> = {
  context: "prompt",
  duration: "seconds",
  spaceId: "space",
  tailImageUrl: "lastImage",
  "mediaSpace.media.image.link": "image",
  "mediaSpace.media.name": "name",
};

/** What the API says of a body, for the caller whose input had other names. */
export function inPlainNames(error: unknown): unknown {
  if (!(error instanceof ApiError) || !error.details) return error;
  const { status, code, details, traceId, retryAfterSeconds } = error;
  let { message } = error;
  const named = details.map((detail) => {
    const path = PLAIN[detail.path] ?? detail.path.replace(/(?<=^shots\b.*)duration$/, "seconds");
    message = message.replaceAll(`${detail.path} `, `${path} `);
    return { ...detail, path };
  });
  return new ApiError(status, { error: message, code, details: named, ...(traceId && { traceId }) }, retryAfterSeconds);
}

/** So long the link of an upload is as good as the picture: a wish that is pressed again has the same body, thus the same key. */
const UPLOAD_KEPT_MS = 10 * 60_000;
const uploads = /* @__PURE__ */ new WeakMap<
  Blob,
  { baseUrl: string | undefined; link: Promise<string>; until: number }
>();

function linkOf(picture: Picture, connection: Connection): string | Promise<string> {
  if (!(picture instanceof Blob)) return String(picture);
  const { baseUrl } = connection;
  const kept = uploads.get(picture);
  if (kept && kept.baseUrl === baseUrl && kept.until > Date.now()) return kept.link;
  const link = uploadImage(picture, connection).then((uploaded) => uploaded.link);
  uploads.set(picture, { baseUrl, link, until: Date.now() + UPLOAD_KEPT_MS });
  link.catch(() => uploads.delete(picture));
  return link;
}
