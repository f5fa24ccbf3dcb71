// A finished job becomes a video of ours: fetch the result, copy, read the facts, commit; then describe it.
import { randomUUID } from "node:crypto";
import {
  DeliveryError,
  FetchError,
  GenerationFailedError,
  ProviderUnavailableError,
  StaleMediaError,
} from "./errors.ts";
import { instant, refOf, type Media, type MediaRef, type StoredVideo } from "./media.ts";
import { KlingGenerationMode } from "./modes.ts";
import { move, type MoveDeps } from "./move.ts";
import type { CheckedFetch, Clock, Kling, MediaFiles, ReadVideoFacts, VideoDescriber } from "./ports.ts";
import { sourceUrl } from "./source.ts";
import { unlessOvertaken, type StepResult } from "./step.ts";

export interface FinalizeDeps extends MoveDeps {
  kling: Pick<Kling, "checkKlingRequestStatus" | "getKlingRequestResult">;
  fetch: CheckedFetch;
  files: MediaFiles;
  readVideoFacts: ReadVideoFacts;
  describer: VideoDescriber;
  clock: Clock;
  publicUrl: string | undefined;
}

/** Ten times what a 10 s clip of 1080p weighs, and far less than a function can copy in its 300 s. */
const VIDEO_MAX_BYTES = 500 * 1024 * 1024;
const VIDEO_COPY_TIMEOUT_MS = 240_000;

/** As long as the step may run: nobody else finalizes meanwhile, and after a crash somebody does. */
const LEASE_SECONDS = 300;

/**
 * Takes a job that fal has finished to `completed`, or to `failed` with fal's reason. Copy first, commit last.
 * @throws ProviderUnavailableError, DeliveryError when another try may succeed (the lease is given back)
 */
export async function finalizeGeneration(deps: FinalizeDeps, ref: MediaRef): Promise<StepResult> {
  return unlessOvertaken(() => finalize(deps, ref));
}

async function finalize(deps: FinalizeDeps, ref: MediaRef): Promise<StepResult> {
  const media = await deps.records.get(ref);
  if (media?.phase === "completed" && media.analysisStatus === "pending") return analyze(deps, media);
  if (media?.phase !== "generating" && media?.phase !== "finalizing") return { next: "done" };
  if (media.leaseUntil !== undefined && instant(deps.clock.now()) < media.leaseUntil) return { next: "wait" };

  const url = media.providerVideoUrl ?? (await resultUrl(deps, media));
  if (url === undefined) return { next: "done" };
  const leased = await lease(deps, media, url);

  let video: StoredVideo;
  try {
    video = await store(deps, leased, url);
  } catch (error) {
    await move(deps, ref, "take over finalizing", { leaseUntil: undefined }, { leaseOwner: leased.leaseOwner });
    throw error;
  }
  const { media: completed } = await move(
    deps,
    ref,
    "complete",
    { video, analysisStatus: "pending", leaseOwner: undefined, leaseUntil: undefined },
    { leaseOwner: leased.leaseOwner },
  );
  return analyze(deps, completed);
}

/** fal's URL of the video; undefined when the job had failed, which is then recorded in fal's words. */
async function resultUrl(deps: FinalizeDeps, media: Media): Promise<string | undefined> {
  const mode = media.generationMode ?? KlingGenerationMode.STANDARD;
  const requestId = media.requestId ?? "";
  try {
    const { duration, aspectRatio } = media;
    return (await deps.kling.getKlingRequestResult(requestId, mode, { duration, aspectRatio })).data.video.url;
  } catch (error) {
    const reason = error instanceof ProviderUnavailableError ? await jobError(deps, media, mode) : error;
    if (!(reason instanceof GenerationFailedError)) throw error;
    await recordJobFailure(deps, media, reason);
    return undefined;
  }
}

/** A result that answers 5xx is the job's own failure only if its status says that the job failed. */
async function jobError(deps: FinalizeDeps, media: Media, mode: KlingGenerationMode): Promise<Error | undefined> {
  const { submittedAt } = media;
  const seen = await deps.kling.checkKlingRequestStatus(media.requestId ?? "", mode, { submittedAt });
  if (seen.status !== "COMPLETED" || seen.error === undefined) return undefined;
  return new GenerationFailedError(seen.error_type ?? "generation_failed", seen.error);
}

async function recordJobFailure(deps: FinalizeDeps, media: Media, reason: GenerationFailedError): Promise<void> {
  if (media.cancelRequestedAt !== undefined && reason.code === "client_cancelled") {
    await move(deps, refOf(media), "confirm cancel", { queuePosition: undefined });
    return;
  }
  const error = { code: reason.code, message: reason.message };
  await move(deps, refOf(media), "fail generation", { error, queuePosition: undefined });
}

/** Takes the record for this invocation alone. @throws StaleMediaError when another was first */
async function lease(deps: FinalizeDeps, media: Media, providerVideoUrl: string): Promise<Media> {
  const name = media.phase === "generating" ? "start finalizing" : "take over finalizing";
  const change = {
    leaseOwner: randomUUID(),
    leaseUntil: instant(deps.clock.now() + LEASE_SECONDS * 1000),
    providerVideoUrl,
    queuePosition: undefined,
  };
  const taken = await move(deps, refOf(media), name, change, { version: media.version });
  if (!taken.moved) throw new StaleMediaError(media.id, name);
  return taken.media;
}

async function store(deps: FinalizeDeps, media: Media, url: string): Promise<StoredVideo> {
  const key = `videos/${media.id}.mp4`;
  try {
    const { body, contentLength } = await deps.fetch(url, {
      maxBytes: VIDEO_MAX_BYTES,
      timeoutMs: VIDEO_COPY_TIMEOUT_MS,
      types: ["video/", "application/octet-stream"],
    });
    const { size, sha256 } = await deps.files.put(key, body, "video/mp4");
    if (contentLength !== undefined && size !== contentLength) {
      throw new DeliveryError(`fal announced ${contentLength} bytes of video and sent ${size}.`);
    }
    const read = async (start: number, end: number) => (await deps.files.read(key, { start, end })) ?? new Uint8Array();
    return { key, size, sha256, ...(await deps.readVideoFacts({ size, read })) };
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    throw new DeliveryError(`fal's video could not be fetched: ${error.message}`);
  }
}

/** The description comes after the commit: its failure leaves the video completed. */
async function analyze(deps: FinalizeDeps, media: Media): Promise<StepResult> {
  const described = await describe(deps, media);
  await move(deps, refOf(media), "record analysis", described, { version: media.version });
  return { next: "done" };
}

async function describe(deps: FinalizeDeps, media: Media): Promise<Pick<Media, "analysisStatus" | "description">> {
  try {
    const text = await deps.describer.describe({
      videoUrl: media.providerVideoUrl ?? "",
      imageUrl: media.source ? await sourceUrl(deps.files, deps.publicUrl, media.source.key) : media.image.link,
      mode: media.generationMode ?? KlingGenerationMode.STANDARD,
    });
    return { analysisStatus: "completed", description: [{ start: 0, text }] };
  } catch (error) {
    deps.log.warn("video not described", { mediaId: media.id, error: String(error) });
    return { analysisStatus: "failed", description: [] };
  }
}
