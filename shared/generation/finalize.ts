// A finished job becomes a video of ours: fetch the result, copy, read the facts, commit; then describe it and take its first frame.
import { randomUUID } from "node:crypto";
import {
  DeliveryError,
  FetchError,
  GenerationFailedError,
  ProviderUnavailableError,
  StaleMediaError,
} from "../media/errors.ts";
import { deliverBy, passed } from "./deadlines.ts";
import { cut, reasonOfProvider, scrubbed } from "./reasons.ts";
import { failure } from "../media/failures.ts";
import { posterKey, videoKey } from "../media/file-keys.ts";
import {
  madeWith,
  modelOf,
  modeOf,
  type Media,
  type MediaRef,
  type StoredImage,
  type StoredVideo,
} from "../media/media.ts";
import { instant } from "../media/instant.ts";
import { findRow } from "../kling/catalogue.ts";
import { FAILED, NO_MEDIA, type FalReason } from "../kling/fal-answers.ts";
import { nearestFormat } from "../kling/models.ts";
import { move, type MoveDeps } from "./move.ts";
import type {
  CheckedFetch,
  Frame,
  Kling,
  MediaFiles,
  ReadVideoFacts,
  Timings,
  VideoDescriber,
  VideoFrames,
} from "../media/ports.ts";
import { wholeBody } from "./source.ts";
import { unlessOvertaken, type StepResult } from "./step.ts";
import { noteTiming } from "../media/timings.ts";
import { noteDelivery, type Ledger } from "../money/ledger.ts";

export interface FinalizeDeps extends MoveDeps {
  ledger: Pick<Ledger, "deliver">;
  kling: Pick<Kling, "checkKlingRequestStatus" | "getKlingRequestResult">;
  fetch: CheckedFetch;
  files: MediaFiles;
  readVideoFacts: ReadVideoFacts;
  describer: VideoDescriber;
  timings: Timings;
  frames: VideoFrames;
}

/** Ten times the size of a 10 s clip of 1080p, and far less than a function can copy in its 300 s. */
const VIDEO_MAX_BYTES = 500 * 1024 * 1024;
const VIDEO_COPY_TIMEOUT_MS = 240_000;

/** A frame of 1080p has some hundred KB. */
const POSTER_MAX_BYTES = 10 * 1024 * 1024;
const POSTER_FETCH_TIMEOUT_MS = 20_000;
const JPEG_START = Buffer.from([0xff, 0xd8, 0xff]);

/** As long as the step may run: no other process finalizes meanwhile, and after a crash another one does. */
const LEASE_SECONDS = 300;

/** How long a result without a video is asked for again before the job has failed. */
const WITHOUT_MEDIA_SECONDS = 120;

/** One or two sentences were asked for. What comes goes into an item of 400 KB and an event of 256 KB at most. */
const DESCRIPTION_MAX_CHARACTERS = 4000;

/** After a failed copy: no try before this, because a host that is down stays down for a while. */
const COPY_AGAIN_AFTER_SECONDS = 30;

/**
 * Takes a job that fal has finished to `completed`, or to `failed` with fal's reason. Copy first, commit last.
 * @throws ProviderUnavailableError, DeliveryError when another try may succeed (a failed copy after half a minute)
 */
export async function finalizeGeneration(deps: FinalizeDeps, ref: MediaRef): Promise<StepResult> {
  return unlessOvertaken(() => finalize(deps, ref));
}

async function finalize(deps: FinalizeDeps, ref: MediaRef): Promise<StepResult> {
  const media = await deps.records.get(ref);
  if (media?.phase === "completed" && media.analysisStatus === "pending") return analyze(deps, media);
  if (media?.phase !== "generating" && media?.phase !== "finalizing") return { next: "done" };
  if (media.leaseUntil !== undefined && !passed(media.leaseUntil, deps.clock.now())) return { next: "wait" };

  const url = await resultUrl(deps, media);
  if (url === undefined) return { next: "done" };
  const leased = await lease(deps, media, url);

  let video: StoredVideo;
  try {
    video = await store(deps, leased, url);
  } catch (error) {
    const leaseUntil = instant(deps.clock.now() + COPY_AGAIN_AFTER_SECONDS * 1000);
    await move(deps, leased, "take over finalizing", { leaseUntil }, { leaseOwner: leased.leaseOwner });
    throw error;
  }
  const { media: completed } = await move(
    deps,
    leased,
    "complete",
    {
      video,
      completedAt: instant(deps.clock.now()),
      analysisStatus: "pending",
      leaseOwner: undefined,
      leaseUntil: undefined,
    },
    { leaseOwner: leased.leaseOwner },
  );
  await rememberTiming(deps, completed);
  return analyze(deps, completed);
}

/** The video is completed, whether or not its timing could be recorded. */
async function rememberTiming(deps: FinalizeDeps, completed: Media): Promise<void> {
  try {
    await noteTiming(deps, completed);
  } catch (error) {
    deps.log.warn("timing not noted", { mediaId: completed.id, error: String(error) });
  }
}

/**
 * fal's URL of the video, asked for at each try: a link may be wrong for a while, and a result be gone after an hour.
 * Undefined when the job had failed, which is then recorded in fal's words.
 */
async function resultUrl(deps: FinalizeDeps, media: Media): Promise<string | undefined> {
  const { requestId, duration, audio } = media;
  if (requestId === undefined) throw new ProviderUnavailableError("the record has no request id");
  try {
    const aspectRatio = media.aspectRatio ?? (media.source && nearestFormat(media.source));
    const placeholder = {
      duration,
      aspectRatio,
      audio,
      resolution: findRow(modelOf(media), modeOf(media))?.resolution,
    };
    const { data } = await deps.kling.getKlingRequestResult(requestId, madeWith(media), placeholder);
    return data.video.url;
  } catch (error) {
    if (media.providerVideoUrl !== undefined) return media.providerVideoUrl;
    if (error instanceof GenerationFailedError) await endAsFailed(deps, media, error);
    else if (error instanceof ProviderUnavailableError) await endIfLasting(deps, media, requestId, error);
    else throw error;
    return undefined;
  }
}

/** @throws ProviderUnavailableError while a job that shows no video may yet show one */
async function endAsFailed(deps: FinalizeDeps, media: Media, reason: GenerationFailedError): Promise<void> {
  if (reason.code === NO_MEDIA) await waitForMedia(deps, media);
  await recordJobFailure(deps, media, reason);
}

/**
 * A result that is not to be had is the job's failure if its status says so. What fal goes on withholding ends as a
 * delivery that failed: the video may be there, and an operator can fetch it.
 * @throws ProviderUnavailableError while another look may bring more
 */
async function endIfLasting(
  deps: FinalizeDeps,
  media: Media,
  requestId: string,
  unavailable: ProviderUnavailableError,
): Promise<void> {
  const { isWithheld, reason } = unavailable;
  // Two minutes of answers without a video, not two such answers with something else between them.
  if (!isWithheld && media.withoutMediaSince !== undefined) {
    await move(deps, media, "note progress", { withoutMediaSince: undefined });
  }
  deps.log.warn("result not available", {
    event: "fal_unavailable",
    mediaId: media.id,
    error: unavailable.message,
  });
  const failed = await jobError(deps, media, requestId, reason);
  if (failed) return endAsFailed(deps, media, failed);
  if (!isWithheld) throw unavailable;
  await waitForMedia(deps, media);
  const { code, message } = failure("delivery_failed");
  const said = reason.words === undefined ? "" : ` fal.ai says: ${scrubbed(media, reason.words)}`;
  const error = { code, message: `${message}${said}` };
  await move(deps, media, "fail delivery", { error }, { leaseOwner: media.leaseOwner });
}

/** An answer without a video may be followed by one with it. @throws ProviderUnavailableError for the first two minutes */
async function waitForMedia(deps: FinalizeDeps, media: Media): Promise<void> {
  const now = deps.clock.now();
  const since = media.withoutMediaSince ?? instant(now);
  if (media.withoutMediaSince === undefined) await move(deps, media, "note progress", { withoutMediaSince: since });
  if (now < Date.parse(since) + WITHOUT_MEDIA_SECONDS * 1000)
    throw new ProviderUnavailableError("a result without media");
}

/** fal's own sentence where it has none: the body of the result says more. */
const SAYS_NOTHING = /\bstatus code\b/i;

/** The job's own failure, by its status; in the words of its result where those say more. */
async function jobError(
  deps: FinalizeDeps,
  media: Media,
  requestId: string,
  { type, words }: FalReason,
): Promise<GenerationFailedError | undefined> {
  const { submittedAt } = media;
  const seen = await deps.kling.checkKlingRequestStatus(requestId, madeWith(media), { submittedAt });
  if (seen.status !== "COMPLETED" || seen.error === undefined) return undefined;
  const saysMore = words !== undefined && (type !== undefined || SAYS_NOTHING.test(seen.error));
  if (saysMore) return new GenerationFailedError(type ?? FAILED, words);
  return new GenerationFailedError(seen.error_type ?? FAILED, seen.error);
}

async function recordJobFailure(deps: FinalizeDeps, media: Media, reason: GenerationFailedError): Promise<void> {
  if (reason.code === "client_cancelled") {
    if (media.cancelRequestedAt !== undefined) return void (await move(deps, media, "confirm cancel", {}));
    // Told to stop by ourselves.
    if (passed(media.deadlineAt, deps.clock.now())) {
      return void (await move(deps, media, "time out", { error: failure("timed_out") }));
    }
  }
  const error = reasonOfProvider(media, reason);
  await move(deps, media, "fail generation", { error });
}

/** Takes the record for this invocation alone. @throws StaleMediaError when another was first */
async function lease(deps: FinalizeDeps, media: Media, providerVideoUrl: string): Promise<Media> {
  const name = media.phase === "generating" ? "start finalizing" : "take over finalizing";
  const change = {
    leaseOwner: randomUUID(),
    // Never past the end of the delivery, when the next check may fail it.
    leaseUntil: instant(Math.min(deps.clock.now() + LEASE_SECONDS * 1000, deliverBy(media))),
    providerVideoUrl,
  };
  const taken = await move(deps, media, name, change, { version: media.version });
  if (!taken.moved) throw new StaleMediaError(media.id, name);
  return taken.media;
}

async function store(deps: FinalizeDeps, media: Media, url: string): Promise<StoredVideo> {
  const key = videoKey(media.id);
  try {
    // No `types`: some hosts send none. What is no MP4 has no facts, and is not committed.
    const { body, contentLength } = await deps.fetch(url, {
      maxBytes: VIDEO_MAX_BYTES,
      timeoutMs: VIDEO_COPY_TIMEOUT_MS,
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

/** The description and the poster come after the commit: their failure leaves the video completed. */
async function analyze(deps: FinalizeDeps, media: Media): Promise<StepResult> {
  // As long as this has not succeeded the analysis is pending, and the sweeper comes back.
  await noteDelivery(deps, media);
  const frame = framesOf(deps, media.providerVideoUrl);
  const [described, poster] = await Promise.all([describe(deps, media, frame), takePoster(deps, media, frame)]);
  // Once, even if the sweeper has visited the record meanwhile: its visit raises the version, and a description is paid.
  await move(deps, media, "record analysis", { ...described, poster }, { analysisStatus: "pending" });
  return { next: "done" };
}

/** Each frame is taken once: the description and the poster both need the first. */
function framesOf({ frames }: FinalizeDeps, videoUrl: string | undefined) {
  const taken = new Map<Frame, Promise<string | undefined>>();
  return async (which: Frame): Promise<string | undefined> => {
    if (videoUrl === undefined) return undefined;
    const url = taken.get(which) ?? frames.frame(videoUrl, which);
    taken.set(which, url);
    return url;
  };
}

async function describe(
  deps: FinalizeDeps,
  media: Media,
  frame: ReturnType<typeof framesOf>,
): Promise<Pick<Media, "analysisStatus" | "description">> {
  try {
    const said = await deps.describer.describe({ videoUrl: media.providerVideoUrl, frame });
    return { analysisStatus: "completed", description: [{ start: 0, text: cut(said, DESCRIPTION_MAX_CHARACTERS) }] };
  } catch (error) {
    deps.log.warn("video not described", { mediaId: media.id, error: String(error) });
    return { analysisStatus: "failed", description: [] };
  }
}

/** The first frame, stored beside the video; undefined where none can be taken. */
async function takePoster(
  deps: FinalizeDeps,
  { id, video }: Media,
  frame: ReturnType<typeof framesOf>,
): Promise<StoredImage | undefined> {
  if (!video) return undefined;
  try {
    const url = await frame("first");
    if (url === undefined) return undefined;
    const { body } = await deps.fetch(url, { maxBytes: POSTER_MAX_BYTES, timeoutMs: POSTER_FETCH_TIMEOUT_MS });
    const bytes = await wholeBody(body);
    // Checked by the bytes, because it is served under its extension's type.
    if (!Buffer.from(bytes.subarray(0, 3)).equals(JPEG_START)) throw new DeliveryError("The first frame is no JPEG.");
    const key = posterKey(id);
    await deps.files.put(key, bytes, "image/jpeg");
    return { key, width: video.width, height: video.height };
  } catch (error) {
    deps.log.warn("no first frame, the source image is the poster", { mediaId: id, error: String(error) });
    return undefined;
  }
}
