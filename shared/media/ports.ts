// The domain's ports, each a few lines. One contract suite per port runs over every implementation.
import type { Account, BudgetWarning } from "./account.ts";
import type { Instant } from "./instant.ts";
import type { LogFacts } from "./log-events.ts";
import type { Media, MediaChange, MediaRef, StoredVideo } from "./media.ts";
import type {
  AspectRatio,
  Duration,
  ImageLimits,
  KlingGenerationMode,
  KlingRequest,
  KlingRow,
  Made,
  Resolution,
} from "../kling/models.ts";
import type { EventType } from "./status.ts";
import type { MoveName } from "./moves.ts";
import type { ProviderAccount } from "./provider-account.ts";

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Log {
  info(message: string, facts: LogFacts): void;
  warn(message: string, facts: LogFacts): void;
}

/** Attributes that must still have the value we read (`undefined`: must be absent). */
export type Expected = Partial<
  Pick<Media, "version" | "attempt" | "leaseOwner" | "requestId" | "reservation" | "analysisStatus">
>;

/** An answer kept under an Idempotency-Key. */
export interface IdempotentStart {
  /** Hash of the request body. */
  fingerprint: string;
  /** The complete record as first written: a replay writes it if it is missing, and shows it as it was. */
  media: Media;
  /** Epoch seconds, DynamoDB's TTL unit; readers check it themselves. */
  expiresAt: number;
}

/** The records. One item per generation, one conditional write per move. */
export interface MediaRecords {
  /** @throws MediaExistsError */
  create(media: Media): Promise<void>;
  /** To act on. @throws UnreadableRecordError */
  get(ref: MediaRef): Promise<Media | undefined>;
  /** To be shown: without those fields that cannot be read. */
  show(ref: MediaRef): Promise<Media | undefined>;
  /**
   * To be shown, newest first unless it is said otherwise, without what is deleted. `seen` is the id of the last one seen, `wanted`
   * leaves out others.
   * A page is shorter than asked for, and has a `next`, only where thousands of records lie between two that are wanted.
   */
  list(
    space: Omit<MediaRef, "mediaId">,
    page: { limit: number; seen?: string; oldestFirst?: boolean; wanted?: (media: Media) => boolean },
  ): Promise<{ items: Media[]; next?: string }>;
  /**
   * One move of the table, written only if the record is in a status the move starts from and `expected` holds.
   * `moved` is false when the record is already where the move leads because another process was first. A write of our
   * own is recognised even if the answer to it was lost.
   * @throws MediaNotFoundError, IllegalMoveError, StaleMediaError
   */
  move(
    ref: MediaRef,
    name: MoveName,
    change: MediaChange,
    expected?: Expected,
  ): Promise<{ media: Media; moved: boolean }>;
  /** Replaces a whole record of the original application, unless another process has since. @throws StaleMediaError */
  adopt(media: Media): Promise<void>;
  /** Takes published events out of the outbox; when nothing is open any more, out of the sweeper's sight too. */
  removeEvents(ref: MediaRef, eventIds: string[]): Promise<void>;
  /** Takes a settled reservation off the record, if it is the record's; out of the sweeper's sight as above. */
  forgetReservation(ref: MediaRef, reservation: string): Promise<void>;
  /** Writes what fal has billed for the record's job. A record that is gone, or follows another job, stays as it is. */
  noteBill(ref: MediaRef, requestId: string, nanoUsd: number): Promise<void>;
  /** The ref of a record by its id alone, for an operator: reads through the whole table. */
  find(mediaId: string): Promise<MediaRef | undefined>;
  /** Everything open, read through the whole table: the index may have lost what a killed emulator was writing. */
  allOpen(): Promise<MediaRef[]>;
  /** Open records whose `sweepAt` lies before the instant, over all shards. */
  due(before: string, limit: number): Promise<MediaRef[]>;
  /** Those that are parked while fal takes no job of ours: first whose hold ends first, and so has lasted longest. */
  parked(limit: number): Promise<(MediaRef & { heldUntil: string })[]>;
  /** Those that wait for a place at fal: by tenant, each with its oldest first; all, or those of the tenants after one. */
  waiting(limit: number, from?: { afterTenant: string }): Promise<MediaRef[]>;
  /** Writes the start under its key, or returns the one that is there (and not expired), unless this one takes its place. */
  putIdempotencyKey(
    tenantId: string,
    key: string,
    start: IdempotentStart,
    options?: { inPlaceOfAny?: boolean },
  ): Promise<IdempotentStart>;
}

/** The spaces of a tenant. Noted with each start; those of before this was noted are there from their next start on. */
export interface Spaces {
  note(space: Omit<MediaRef, "mediaId">, at: Instant): Promise<void>;
  /** In the order of their names. `after` is the last one seen. */
  list(
    tenantId: string,
    page: { limit: number; after?: string | undefined },
  ): Promise<{ items: { spaceId: string; lastStartedAt: Instant }[]; next?: string }>;
  /** The media in it, without the deleted, as far as one read goes; `isAll` when that was to the end. */
  count(space: Omit<MediaRef, "mediaId">): Promise<{ count: number; isAll: boolean }>;
}

/** What an account allows; what is absent is not limited. */
export interface AccountLimits {
  /** Mills (thousandths of a US dollar) that may be committed in a period of the account. */
  capMills?: number;
  /** The share of the cap from which on its owner is warned, once in a period. */
  warningShare?: number;
  /** Generations that may be open at once. */
  maxOpen?: number;
  startsPerMinute?: number;
}

/** How an account stands at a moment. */
export interface AccountStanding {
  /** The month or day that `committedMills` counts: `2026-11`, `2026-11-28`. */
  period: string;
  /** Mills of it, spent or put aside. */
  committedMills: number;
  /** Those of them that are put aside. */
  reservedMills: number;
  /** Generations, of earlier months too. */
  open: number;
  startsThisMinute: number;
  /** On the deployment's account: the kill switch. */
  stopped: boolean;
}

/** A price put aside for one generation. */
export interface Reservation extends MediaRef {
  id: string;
  mills: number;
  /** Epoch milliseconds of the latest attempt that asked for it. */
  at: number;
}

/** Why nothing was put aside. */
export type Refusal =
  | { reason: "stopped" }
  | { reason: "over_budget"; leftMills: number; renewsAt: string }
  | { reason: "too_many_open" | "rate_limited"; retryAfterSeconds: number };

/** A price was put aside in this account: one of the shards where everybody's was asked. */
export interface PutAside {
  reason?: undefined;
  account: Account;
}

/** The accounts. Every change is a single conditional write, so no sum ever exceeds its cap, at any instant. */
export interface Budget {
  /** Reserves the price. An existing reservation of the same id stays, and counts as asked for again. */
  reserve(account: Account, reservation: Reservation, limits: AccountLimits): Promise<Refusal | PutAside>;
  /**
   * Settles a reservation. If refunded, its price is taken off the period that it was committed in, unless that has passed.
   * @param at only if no attempt has asked for it since
   * @returns false when there is no such reservation: it was settled before
   */
  settle(account: Account, id: string, outcome: "spent" | "refunded", at?: number): Promise<boolean>;
  /**
   * Releases this attempt's reservation unless another attempt shares it, because that one may still be accepted.
   */
  withdraw(account: Account, reservation: Reservation): Promise<void>;
  /** Whether there is such a reservation. */
  holds(account: Account, id: string): Promise<boolean>;
  standing(account: Account): Promise<AccountStanding>;
  /** What is open in an account. */
  open(account: Account): Promise<Reservation[]>;
  /** Accounts with something open that the sweeper has not looked at since. */
  due(before: string): Promise<Account[]>;
  /** Records that the sweeper has looked; where anything is open, it looks again at this instant. */
  lookAgain(account: Account, at: string): Promise<void>;
  /** Warnings that were not told yet: each was written with the reservation that crossed the share, in the same write. */
  warnings(account: Account): Promise<BudgetWarning[]>;
  forgetWarning(account: Account, id: string): Promise<void>;
  /** The kill switch: no start and no submit from the write on. */
  isStopped(): Promise<boolean>;
  stop(stopped: boolean): Promise<void>;
}

/** What stands between a claim and fal, in one item: a submit reads it as a start does. */
export interface Gate {
  /** The kill switch, and what is known of our account at fal. */
  read(): Promise<{ stopped: boolean; account: ProviderAccount }>;
  /**
   * Writes what is known of the account since.
   * @returns false when it has changed since `seen` was read: read again and decide anew
   */
  write(seen: ProviderAccount, next: Omit<ProviderAccount, "version">): Promise<boolean>;
}

/** Who has fal's places, by media. */
export interface PlacesTaken {
  /** Rises with each change; 0 as long as nobody ever had one. */
  version: number;
  by: Record<string, Omit<MediaRef, "mediaId"> & { at: string }>;
  /** The tenant that was served last. */
  turn?: string | undefined;
}

/** fal's places, in one small item. */
export interface Places {
  /** How many there are. */
  limit: number;
  read(): Promise<PlacesTaken>;
  /** @returns false when it has changed since `seen` was read */
  write(seen: PlacesTaken, next: Omit<PlacesTaken, "version">): Promise<boolean>;
}

/** What a workflow execution is started with: keys only, no prompt, no URL, no secret. */
export interface GenerationInput extends MediaRef {
  enter: "submit" | "check";
  /** True: the execution laps until the generation has ended. False: a wake-up that looks and ends. */
  lap: boolean;
  pollSeconds: number;
}

export interface Workflow {
  /** Starting a name that exists already is a success. `name`: at most 80 of [A-Za-z0-9_-]. */
  start(name: string, input: Omit<GenerationInput, "pollSeconds">): Promise<void>;
  isRunning(name: string): Promise<boolean>;
}

export type KlingStatus =
  | { status: "IN_QUEUE"; queue_position?: number }
  | { status: "IN_PROGRESS" }
  | {
      status: "COMPLETED";
      error?: string;
      error_type?: string;
      /** Seconds that the job was rendered for. */
      metrics?: { inference_time?: number };
    };

/**
 * Kling on fal, in the original application's names: `shared/kling.ts` is it. A mode alone is one of Kling 2.1; any other
 * model is started by its row, and followed by what its record was made with.
 */
export interface Kling {
  /** One POST, never repeated. @throws SubmitError with one of the outcomes of submit-outcome.ts */
  startKlingVideoGeneration(
    request: KlingRequest,
    mode: KlingGenerationMode | KlingRow,
    options?: { webhookUrl?: string },
  ): Promise<{ request_id: string; queue_position?: number }>;
  /** @throws ProviderUnavailableError */
  checkKlingRequestStatus(
    requestId: string,
    mode: KlingGenerationMode | Made,
    options?: { submittedAt?: string },
  ): Promise<KlingStatus>;
  /** @throws GenerationFailedError (fal's reason), ProviderUnavailableError */
  getKlingRequestResult(
    requestId: string,
    mode: KlingGenerationMode | Made,
    options?: PlaceholderWish,
  ): Promise<{ data: { video: { url: string } } }>;
  /** `confirmed`: canceled for certain. `requested`: fal may still finish and bill. @throws ProviderUnavailableError */
  cancelKlingRequest(
    requestId: string,
    mode: KlingGenerationMode | Made,
  ): Promise<"confirmed" | "requested" | "already_completed" | "not_found">;
  /**
   * A request in fal's history of ended ones, with the image it was made of as far as fal kept it: proves presence, never
   * absence. @throws ProviderUnavailableError
   */
  findKlingRequest(
    sought: SoughtRequest,
    mode: KlingGenerationMode | Made,
    since: string,
  ): Promise<{ request_id: string; image_url?: string } | undefined>;
}

/** Which placeholder test mode delivers; never sent to fal. */
export interface PlaceholderWish {
  duration?: Duration;
  aspectRatio?: AspectRatio;
  audio?: boolean | undefined;
  resolution?: Resolution | undefined;
}

/** By the image it was made of, or by its name. */
export type SoughtRequest = { image_url: string } | { request_id: string };

export interface PromptWriter {
  /** The words for Kling, made of the user's words and the picture. Never throws: the user's own words are the fallback. */
  enhance(words: string, imageUrl: string): Promise<string>;
}

/** One of the frames of a video. */
export type Frame = "first" | "middle" | "last";

export interface VideoDescriber {
  /**
   * One or two sentences on the video. `videoUrl` is fal's own URL; `frame` tells where one of its frames lies, which is
   * taken, and paid, when it is first asked for. Throws when it cannot.
   */
  describe(video: {
    videoUrl: string | undefined;
    frame: (which: Frame) => Promise<string | undefined>;
  }): Promise<string>;
}

export interface VideoFrames {
  /** The address of a frame of fal's video, as a JPEG; undefined where no service takes frames. Throws when it fails. */
  frame(videoUrl: string, which: Frame): Promise<string | undefined>;
}

/** What the caller of the checked door allows. */
export interface FetchLimits {
  maxBytes: number;
  /** From the call to the last byte. */
  timeoutMs: number;
}

/** The one door for URLs that came from outside. @throws FetchError */
export type CheckedFetch = (
  url: string,
  limits: FetchLimits,
) => Promise<{ body: AsyncIterable<Uint8Array>; contentType: string; contentLength?: number }>;

/** Where files live. Keys are ours (`videos/<mediaId>.mp4`), never a caller's text. */
export interface MediaFiles {
  /** Streams the body in; a failed or short body leaves no file. Replaces a file of the same key. */
  put(
    key: string,
    body: AsyncIterable<Uint8Array> | Uint8Array,
    contentType: string,
  ): Promise<{ size: number; sha256: string }>;
  /** Bytes `start` to `end` (exclusive), or all. Undefined when there is no such file. */
  read(key: string, range?: { start: number; end: number }): Promise<Uint8Array | undefined>;
  /** Undefined when there is no such file. */
  size(key: string): Promise<number | undefined>;
  /**
   * A short-lived, signed link that needs no header.
   * @param saveAs a file's name in any script: a browser that follows the link keeps the file under it, and its page stays
   */
  link(key: string, saveAs?: string): Promise<string>;
  /** Deletes every file whose key begins so (`sources/<mediaId>-`); none is no error. */
  deleteAll(prefix: string): Promise<void>;
}

/** Checks a picture and makes the source image for Kling. */
export interface ImageFitter {
  /**
   * JPEG bytes, fitted to the format (cropped around the centre) or, without one, bounded to 1920 pixels.
   * `mark` is written into the file, so that no two sources are the same bytes: fal's history is matched on them.
   * @throws SourceImageError when the picture is outside the limits
   */
  fit(
    image: Uint8Array,
    format: AspectRatio | undefined,
    mark: string,
    limits: ImageLimits,
  ): Promise<{ bytes: Uint8Array; width: number; height: number }>;
  /** The picture in so few pixels that a page holds it before it has loaded anything: a `data:` URI of about 150 bytes. */
  placeholder(image: Uint8Array): Promise<string>;
}

/** Looks at a picture. */
export interface ImageInspector {
  /** Pixels, as a viewer shows them. @throws SourceImageError when the picture could not be animated in any format */
  inspect(image: Uint8Array): Promise<{ width: number; height: number }>;
}

/** Where and how the bytes are to be put. */
export interface PresignedUpload {
  method: "PUT";
  url: string;
  headers: Record<string, string>;
}

/** Addresses in the store where a caller may upload one file of a known size. */
export interface UploadPlaces {
  /** @param expiresAt epoch milliseconds: nothing can be uploaded after that */
  open(key: string, size: number, expiresAt: number): Promise<PresignedUpload>;
}

/** How long generations took. */
export interface Timings {
  /** Once per media, however often it is called. */
  add(kind: TimedKind, took: Took & { mediaId: string; at: string }): Promise<void>;
  /** The newest first. */
  latest(kind: TimedKind, limit: number): Promise<Took[]>;
}
export interface TimedKind {
  model: string;
  mode: KlingGenerationMode;
}
export interface Took {
  duration: Duration;
  seconds: number;
}

/** Reads the facts out of an MP4 in the store. @throws DeliveryError when it is not a playable video */
export type ReadVideoFacts = (file: {
  size: number;
  read(start: number, end: number): Promise<Uint8Array>;
}) => Promise<Pick<StoredVideo, "width" | "height" | "fps" | "durationInSeconds" | "audio">>;

export interface MediaEvent {
  /** `<mediaId>:<status>` or `<mediaId>:analyzed`: stable over redeliveries. */
  id: string;
  type: EventType;
  at: string;
  media: Media;
}

export interface EventBus {
  /** The ids of those the bus took. */
  publish(events: MediaEvent[]): Promise<string[]>;
}

/** Announcements on the bus that belong to no media. */
export interface Announcements {
  /** @param event its `source` is ours unless it is said */
  announce(event: { source?: string; type: string; at: string; detail: object }): Promise<void>;
}

/** Counts how often an event on the bus was tried. */
export interface RequestTries {
  /** Counts one more. @returns how many there were with it; `refused` once it was */
  begin(eventId: string): Promise<number | "refused">;
  /**
   * Counts a try that has failed, and refuses the request if it was the last: no other try is under way, which might yet
   * start it, and none begins later. @returns whether it is refused
   */
  refuseIfLast(eventId: string): Promise<boolean>;
}

/** Pictures in a bucket that is watched. */
export interface SourceObjects {
  /** @throws SourceImageError `image_too_large` */
  read(
    object: { bucket: string; key: string; versionId?: string | undefined },
    maxBytes: number,
  ): Promise<{ bytes: Uint8Array; contentType: string; metadata: Record<string, string> }>;
}
