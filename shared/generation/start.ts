// Starting a generation: saved before anything is promised, started once, answered in milliseconds.
import { createHash } from "node:crypto";
import { KEY_KEPT_SECONDS } from "./deadlines.ts";
import { giveBack, recorded, reserve, type SpendingLimits } from "../money/budget.ts";
import {
  EventOutlivedError,
  IdempotencyKeyReusedError,
  MediaExistsError,
  ModelWithdrawnError,
} from "../media/errors.ts";
import { modelOf, refOf, type Media } from "../media/media.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { Budget, Clock, IdempotentStart, Log, MediaRecords, Spaces, Workflow } from "../media/ports.ts";
import { estimatedCostUsd } from "../kling/price.ts";
import { findRow, FIRST_MODEL } from "../kling/catalogue.ts";
import type { KlingGenerationMode } from "../kling/models.ts";

/** What the caller asks for, validated; the tenant and the user come from the token. */
export type StartCommand = Pick<
  Media,
  | "tenantId"
  | "spaceId"
  | "uploadedBy"
  | "keyBudget"
  | "request"
  | "baseMediaId"
  | "name"
  | "context"
  | "image"
  | "model"
  | "duration"
  | "audio"
  | "shots"
  | "aspectRatio"
  | "negativePrompt"
  | "cfgScale"
  | "tailImageUrl"
> & { generationMode: KlingGenerationMode };

export interface StartDeps {
  records: MediaRecords;
  spaces: Pick<Spaces, "note">;
  workflow: Workflow;
  budget: Budget;
  limits: SpendingLimits;
  clock: Clock;
  log: Log;
  /** A new id whose text sorts by time. */
  newId(nowMs: number): string;
  deadlineSeconds: number;
  /** After so many days a media is deleted; undefined: it is kept. */
  retentionDays: number | undefined;
}

const DAY_MS = 24 * 3600 * 1000;

/** How far the sender's clock may be behind ours. */
const CLOCKS_DIFFER_SECONDS = 3600;

/** A record whose workflow could not be started is found by the sweeper after this. */
const START_GRACE_SECONDS = 60;

/**
 * Refuses an event that is older than any key is kept: what it asked for may have been started, and nothing would tell.
 * @param at when it was put on the bus; undefined: just now
 * @throws EventOutlivedError
 */
export function refuseOutlived(at: Instant | undefined, nowMs: number): void {
  const ageSeconds = at === undefined ? 0 : (nowMs - Date.parse(at)) / 1000;
  if (ageSeconds >= KEY_KEPT_SECONDS - CLOCKS_DIFFER_SECONDS) throw new EventOutlivedError(at ?? "", ageSeconds);
}

/**
 * Puts its price aside, saves the record and starts its workflow. With a key, the same request again gives the first
 * record, as it was, and puts nothing aside. A workflow that cannot be started is no error for the caller: the sweeper
 * starts it.
 * @throws IdempotencyKeyReusedError when the key came with a different request; StartsStoppedError, OverBudgetError,
 *   TooManyStartsError, after which the same key may be tried again
 */
export async function startGeneration(
  deps: StartDeps,
  command: StartCommand,
  idempotencyKey?: string,
): Promise<{ media: Media; replayed: boolean }> {
  const media = newMedia(deps, command);
  if (idempotencyKey === undefined) {
    await begin(deps, media);
    return { media, replayed: false };
  }

  const fingerprint = fingerprintOf(command);
  const expiresAt = Math.floor(deps.clock.now() / 1000) + KEY_KEPT_SECONDS;
  const kept = await deps.records.putIdempotencyKey(command.tenantId, idempotencyKey, {
    fingerprint,
    media,
    expiresAt,
  });
  if (kept.fingerprint !== fingerprint) throw new IdempotencyKeyReusedError();
  return beginKept(deps, media, kept);
}

/** A client that repeats what was not answered does so within this. */
const REPEATED_WITHIN_SECONDS = 600;

/**
 * The same for clients that send no key and tell a repeat from a new wish (`x-stainless-retry-count`): a repeat finds the latest
 * start of the same command by the same caller within ten minutes, and starts what it does not find.
 * @throws as `startGeneration` without a key
 */
export async function startOrFindRepeated(
  deps: StartDeps,
  command: StartCommand,
  { isRepeat }: { isRepeat: boolean },
): Promise<{ media: Media; replayed: boolean }> {
  const media = newMedia(deps, command);
  const fingerprint = fingerprintOf(command);
  const expiresAt = Math.floor(deps.clock.now() / 1000) + REPEATED_WITHIN_SECONDS;
  // With blanks, which no caller's key has.
  const key = `repeat of ${sha256(JSON.stringify([command.uploadedBy, fingerprint]))}`;
  const start = { fingerprint, media, expiresAt };
  const kept = await deps.records.putIdempotencyKey(command.tenantId, key, start, { inPlaceOfAny: !isRepeat });
  return beginKept(deps, media, kept);
}

/** What makes two commands the same: all that is asked for, but not who asks. */
function fingerprintOf(command: StartCommand): string {
  const own = { uploadedBy: undefined, keyBudget: undefined, request: undefined };
  return sha256(JSON.stringify({ ...command, ...sinceModels(command), ...own }));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Begins what is kept under a key, unless it was begun. @param media what would have begun, had the key been free */
async function beginKept(
  deps: StartDeps,
  media: Media,
  kept: IdempotentStart,
): Promise<{ media: Media; replayed: boolean }> {
  const replayed = kept.media.id !== media.id;
  // A key without a record: its start died on the way, or was refused. It belongs to the event that asks now, since the
  // first may have been told that it was refused; and its time counts from here, which may be long after its key was kept.
  const begun = { ...kept.media, ...timesOf(deps), ...(media.request && { request: media.request }) };
  if (!replayed || !(await deps.records.get(refOf(kept.media)))) await begin(deps, begun);
  return { media: kept.media, replayed };
}

/** What commands did not hold before there were models: a key that was kept then is the same key today. */
function sinceModels({ model, audio }: StartCommand) {
  return { model: model === FIRST_MODEL ? undefined : model, audio: audio === true ? true : undefined };
}

async function begin(deps: StartDeps, media: Media): Promise<void> {
  const reserved = await reserve(deps, media, media.id);
  try {
    await deps.records.create({ ...media, ...recorded(reserved) });
    const { id: mediaId, estimatedCostUsd: usd, generationMode: mode } = media;
    deps.log.info("generation started", { event: "generation_started", mediaId, mode, usd });
  } catch (error) {
    // No other start draws this id. Either the same start was faster under its key, or it is our own write: its answer was
    // lost, and the SDK has made it again.
    if (!(error instanceof MediaExistsError) && !(await isSaved(deps, media))) {
      // Answered with an error, it holds no money. Should the write arrive after all, the submit puts its price aside anew.
      if (reserved) await giveBack(deps, reserved);
      throw error;
    }
  }
  await Promise.all([startWorkflow(deps, media), noteSpace(deps, media)]);
}

/** For the list of spaces alone: a start is none the less one where this fails, and the next one notes it. */
async function noteSpace({ spaces, log }: StartDeps, media: Media): Promise<void> {
  try {
    await spaces.note(media, media.createdAt);
  } catch (error) {
    log.warn("space not noted, the next start will", { mediaId: media.id, error: String(error) });
  }
}

/** Whether a write whose answer was an error has arrived. */
async function isSaved({ records }: StartDeps, media: Media): Promise<boolean> {
  return (await records.get(refOf(media)).catch(() => undefined)) !== undefined;
}

/** Until when it must have ended, and when the sweeper starts its workflow if no process has. */
function timesOf({ clock, deadlineSeconds }: StartDeps): Pick<Media, "deadlineAt" | "sweepAt"> {
  const now = clock.now();
  return {
    deadlineAt: instant(now + deadlineSeconds * 1000),
    sweepAt: instant(now + START_GRACE_SECONDS * 1000),
  };
}

function newMedia(deps: StartDeps, command: StartCommand): Media {
  const now = deps.clock.now();
  const [model, audio] = [modelOf(command), command.audio ?? false];
  const row = findRow(model, command.generationMode);
  if (!row) throw new ModelWithdrawnError(model, command.generationMode);
  return {
    ...command,
    model,
    audio,
    id: deps.newId(now),
    phase: "queued",
    attempt: 0,
    restarts: 0,
    description: [],
    outbox: {},
    estimatedCostUsd: estimatedCostUsd(row, { duration: command.duration, audio }),
    ...timesOf(deps),
    ...(deps.retentionDays !== undefined && { keptUntil: instant(now + deps.retentionDays * DAY_MS) }),
    createdAt: instant(now),
    updatedAt: instant(now),
    version: 1,
  };
}

async function startWorkflow(deps: StartDeps, media: Media): Promise<void> {
  try {
    await deps.workflow.start(media.id, { ...refOf(media), enter: "submit", lap: true });
  } catch (error) {
    deps.log.warn("workflow not started, the sweeper will", { mediaId: media.id, error: String(error) });
  }
}
