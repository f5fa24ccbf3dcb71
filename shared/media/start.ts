// Starting a generation: saved before anything is promised, started once, answered in milliseconds.
import { createHash } from "node:crypto";
import { IdempotencyKeyReusedError, MediaExistsError } from "./errors.ts";
import { instant, refOf, type Media } from "./media.ts";
import type { Clock, Log, MediaRecords, Workflow } from "./ports.ts";
import { estimatedCostUsd } from "./price.ts";
import type { KlingGenerationMode } from "./modes.ts";

/** What the caller asks for, validated; the tenant and the user come from the token. */
export type StartCommand = Pick<
  Media,
  | "tenantId"
  | "spaceId"
  | "uploadedBy"
  | "baseMediaId"
  | "name"
  | "context"
  | "image"
  | "duration"
  | "aspectRatio"
  | "negativePrompt"
  | "cfgScale"
  | "tailImageUrl"
> & { generationMode: KlingGenerationMode };

export interface StartDeps {
  records: MediaRecords;
  workflow: Workflow;
  clock: Clock;
  log: Log;
  /** A new id whose text sorts by time. */
  newId(nowMs: number): string;
  deadlineSeconds: number;
  /** After so many days a media is deleted; undefined: it is kept. */
  retentionDays: number | undefined;
}

const DAY_MS = 24 * 3600 * 1000;

/** An Idempotency-Key is kept 30 days. */
export const KEY_KEPT_SECONDS = 30 * 24 * 3600;

/** A record whose workflow could not be started is found by the sweeper after this. */
const START_GRACE_SECONDS = 60;

/**
 * Saves the record and starts its workflow. With a key, the same request again gives the first record, as it was.
 * A workflow that cannot be started is no error for the caller: the sweeper starts it.
 * @throws IdempotencyKeyReusedError when the key came with a different request
 */
export async function startGeneration(
  deps: StartDeps,
  command: StartCommand,
  idempotencyKey?: string,
): Promise<{ media: Media; replayed: boolean }> {
  const media = newMedia(deps, command);
  if (idempotencyKey === undefined) {
    await deps.records.create(media);
    await startWorkflow(deps, media);
    return { media, replayed: false };
  }

  const fingerprint = createHash("sha256")
    .update(JSON.stringify({ ...command, uploadedBy: undefined }))
    .digest("hex");
  const expiresAt = Math.floor(deps.clock.now() / 1000) + KEY_KEPT_SECONDS;
  const kept = await deps.records.keepStart(command.tenantId, idempotencyKey, { fingerprint, media, expiresAt });
  if (kept.fingerprint !== fingerprint) throw new IdempotencyKeyReusedError();
  try {
    await deps.records.create(kept.media);
    await startWorkflow(deps, kept.media);
  } catch (error) {
    if (!(error instanceof MediaExistsError)) throw error;
  }
  return { media: kept.media, replayed: kept.media.id !== media.id };
}

function newMedia(deps: StartDeps, command: StartCommand): Media {
  const now = deps.clock.now();
  return {
    ...command,
    id: deps.newId(now),
    phase: "queued",
    attempt: 0,
    restarts: 0,
    description: [],
    outbox: {},
    estimatedCostUsd: estimatedCostUsd(command.generationMode, command.duration),
    deadlineAt: instant(now + deps.deadlineSeconds * 1000),
    sweepAt: instant(now + START_GRACE_SECONDS * 1000),
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
