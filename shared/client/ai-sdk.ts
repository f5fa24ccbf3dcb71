// A video model for Vercel's AI SDK 7 (`ai`, specification v4): `experimental_generateVideo`, `experimental_startVideo`, `experimental_getVideoStatus`.
import type { experimental_generateVideo } from "ai";
import { getMedia, type MediaRef } from "./calls.ts";
import type { EnhanceRequest, MediaSpace } from "./contract.ts";
import { ApiError, NoAnswerError } from "./errors.ts";
import type { Picture, VideoInput } from "./input.ts";
import type { Connection } from "./request.ts";
import { startVideo } from "./subscribe.ts";
import { watchGeneration } from "./watch.ts";

/** The AI SDK hands its interface out as the type of an argument alone. */
type VideoModel = Extract<
  Parameters<typeof experimental_generateVideo>[0]["model"],
  { readonly specificationVersion: "v4" }
>;
type DoGenerate = NonNullable<VideoModel["doGenerate"]>;
type CallOptions = Parameters<DoGenerate>[0];
type Result = Awaited<ReturnType<DoGenerate>>;
type Frame = NonNullable<CallOptions["image"]>;

export interface KlingMediaSettings extends Omit<Connection, "signal"> {
  /** Where the videos are kept; `default` unless given. */
  space?: string | undefined;
}

/** What of the API has no name in the AI SDK: `providerOptions: { klingMedia: { ... } }`. */
export type KlingMediaOptions = Pick<VideoInput, "mode" | "negativePrompt" | "cfgScale" | "shots" | "space" | "name">;

/** The generation ended without a video: failed or canceled. */
export class GenerationError extends Error {
  override readonly name = "GenerationError";
  readonly code: string;
  readonly mediaSpace: MediaSpace;

  constructor(mediaSpace: MediaSpace) {
    const { error, generationStatus } = mediaSpace.media;
    super(error?.message ?? "The generation was canceled.");
    this.code = error?.code ?? generationStatus;
    this.mediaSpace = mediaSpace;
  }
}

const PROVIDER = "klingMedia";
const MODES = ["standard", "pro", "master"] as const satisfies readonly EnhanceRequest["mode"][];
const RATIOS = ["16:9", "9:16", "1:1"] as const satisfies readonly EnhanceRequest["aspectRatio"][];

/**
 * @returns `video(modelId)`, where the id is a model's (`kling-3`), or a model's and a mode's (`kling-2.1-pro`)
 */
export function createKlingMedia(settings: KlingMediaSettings = {}): { video(modelId: string): VideoModel } {
  return { video: (modelId) => videoModel(modelId, settings) };
}

function videoModel(modelId: string, { space, ...connection }: KlingMediaSettings): VideoModel {
  const response = () => ({ timestamp: new Date(), modelId, headers: undefined });
  /** The answer that was lost is found by the same call again, as `startVideo` has it; a key of the caller's goes before. */
  async function start(options: CallOptions): Promise<{ started: MediaSpace; warnings: Result["warnings"] }> {
    const { headers = {}, abortSignal: signal } = options;
    const idempotencyKey = Object.entries(headers).find(([name]) => name.toLowerCase() === "idempotency-key")?.[1];
    const input = { ...(space !== undefined && { space }), ...inputOf(modelId, options) };
    return {
      started: await startVideo(input, { ...connection, signal, idempotencyKey }),
      warnings: warningsFor(options),
    };
  }

  async function videoOf(ended: MediaSpace, signal: AbortSignal | undefined): Promise<Result> {
    const { video, generationStatus, description } = ended.media;
    if (generationStatus !== "completed" || !video) throw new GenerationError(ended);
    const mediaType = "video/mp4";
    const { link, width, height, fps, durationInSeconds } = video;
    const facts = { id: ended.id, spaceId: ended.spaceId, width, height, fps, duration: durationInSeconds };
    return {
      videos: [
        isOfApi(link, connection)
          ? { type: "binary", data: await download(link, connection, signal), mediaType }
          : { type: "url", url: link, mediaType },
      ],
      warnings: [],
      providerMetadata: { [PROVIDER]: { videos: [{ ...facts, description: description[0]?.text ?? null }] } },
      response: response(),
    };
  }

  return {
    specificationVersion: "v4",
    provider: "kling-media",
    modelId,
    maxVideosPerCall: 1,

    async doGenerate(options) {
      const { started, warnings } = await start(options);
      const ended = await watchGeneration(started, { ...connection, signal: options.abortSignal });
      return { ...(await videoOf(ended, options.abortSignal)), warnings };
    },

    async doStart(options) {
      const { started, warnings } = await start(options);
      return { operation: { spaceId: started.spaceId, id: started.id }, warnings, response: response() };
    },

    async doStatus({ operation, abortSignal: signal }) {
      const current = await getMedia(refIn(operation), { ...connection, signal });
      const { generationStatus } = current.media;
      if (generationStatus === "generating-video") return { status: "pending", response: response() };
      if (generationStatus !== "completed") {
        return { status: "error", error: new GenerationError(current).message, response: response() };
      }
      return { status: "completed", ...(await videoOf(current, signal)) };
    },
  };
}

function inputOf(modelId: string, options: CallOptions): VideoInput {
  const { prompt = "", image, frameImages, duration, aspectRatio, generateAudio, providerOptions } = options;
  const mode = MODES.find((one) => modelId.endsWith(`-${one}`));
  const last = frameImages?.find(({ frameType }) => frameType === "last_frame")?.image;
  const ratio = RATIOS.find((one) => one === aspectRatio);
  return {
    prompt,
    // Without one, `startVideo` says so, and starts nothing.
    image: image ? pictureOf(image) : "",
    model: mode ? modelId.slice(0, -mode.length - 1) : modelId,
    ...(mode && { mode }),
    ...(last && { lastImage: pictureOf(last) }),
    ...(duration !== undefined && { seconds: duration }),
    ...(ratio && { aspectRatio: ratio }),
    ...(generateAudio !== undefined && { audio: generateAudio }),
    // Whatever stands here is the API's to judge: it names what is misspelt.
    ...providerOptions[PROVIDER],
  };
}

/** What the SDK offers and Kling has not; nothing of it stops the generation. */
function warningsFor({ fps, seed, resolution, aspectRatio, inputReferences }: CallOptions): Result["warnings"] {
  const isKnownRatio = aspectRatio === "adaptive" || RATIOS.some((one) => one === aspectRatio);
  const unsupported = {
    fps: fps !== undefined && "Kling chooses the frame rate.",
    seed: seed !== undefined && "Kling takes no seed.",
    resolution: resolution !== undefined && "The model and its mode decide the resolution.",
    aspectRatio:
      aspectRatio !== undefined && !isKnownRatio && "It is one of 16:9, 9:16 and 1:1; the picture's own was taken.",
    inputReferences: inputReferences !== undefined && "Give the first and the last frame instead.",
  };
  return Object.entries(unsupported).flatMap(([feature, details]) =>
    details ? [{ type: "unsupported", feature, details } as const] : [],
  );
}

function pictureOf(frame: Frame): Picture {
  if (frame.type === "url") return frame.url;
  const { data, mediaType } = frame;
  const bytes =
    typeof data === "string" ? Uint8Array.from(atob(data), (byte) => byte.charCodeAt(0)) : new Uint8Array(data);
  return new Blob([bytes], { type: mediaType });
}

function refIn(operation: unknown): MediaRef {
  if (typeof operation === "object" && operation !== null && "spaceId" in operation && "id" in operation) {
    return { spaceId: String(operation.spaceId), id: String(operation.id) };
  }
  throw new TypeError("The operation is not one that this model has started: it has a spaceId and an id.");
}

/** The local machine keeps its files itself, and the SDK's own download refuses an address of the own machine. */
function isOfApi(link: string, { baseUrl }: Connection): boolean {
  return baseUrl !== undefined && URL.canParse(baseUrl) && new URL(link).origin === new URL(baseUrl).origin;
}

async function download(link: string, connection: Connection, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const { fetch = globalThis.fetch } = connection;
  try {
    const response = await fetch(link, { signal: signal ?? null });
    if (!response.ok) throw new ApiError(response.status, { code: "file_not_found", error: "The video is not there." });
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof ApiError ? error : new NoAnswerError(error);
  }
}
