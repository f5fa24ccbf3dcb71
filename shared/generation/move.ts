// A move and the publishing of its event, the only way in which the domain changes a status.
import { settle } from "../money/budget.ts";
import { nextSweep } from "./deadlines.ts";
import { freePlace } from "./places.ts";
import { isOvertaken } from "../media/errors.ts";
import { refOf, type Media, type MediaChange } from "../media/media.ts";
import type { Budget, Clock, EventBus, Expected, Log, MediaRecords, Places } from "../media/ports.ts";
import { instant } from "../media/instant.ts";
import { countedAs, phaseAfter, type MoveName } from "../media/moves.ts";
import { withMove } from "../media/timeline.ts";

export interface MoveDeps {
  records: MediaRecords;
  events: EventBus;
  budget: Budget;
  /** Undefined where fal's places are not counted. */
  places: Places | undefined;
  clock: Clock;
  log: Log;
}

/**
 * Writes a move, and when the sweeper looks next if nothing follows; then settles the money of what has ended, and
 * publishes what lies in the outbox.
 * @param media the record as it was read
 * @throws MediaNotFoundError, IllegalMoveError, StaleMediaError
 */
export async function move(
  deps: MoveDeps,
  media: Media,
  name: MoveName,
  change: MediaChange,
  expected?: Expected,
): Promise<{ media: Media; moved: boolean }> {
  const now = deps.clock.now();
  const sweepAt = nextSweep({ ...media, ...change }, now);
  const phase = phaseAfter(name);
  const attempt = change.attempt !== undefined && { attempt: change.attempt };
  const entry = phase && { at: instant(now), phase, ...attempt };
  const kept = entry && { timeline: withMove(media.timeline, entry) };
  const result = await deps.records.move(refOf(media), name, { sweepAt, ...kept, ...change }, expected);
  if (result.moved) {
    const { id: mediaId, phase, requestId, error, estimatedCostUsd } = result.media;
    const event = countedAs(name);
    const counted = event && { event, code: error?.code, usd: estimatedCostUsd };
    deps.log.info(name, { mediaId, phase, requestId, ...counted });
    await settle(deps, result.media);
    await giveBackPlace(deps, result.media, name);
    await publishEvents(deps, result.media);
  }
  return result;
}

async function giveBackPlace(deps: MoveDeps, media: Media, name: MoveName): Promise<void> {
  try {
    await freePlace(deps, media, name);
  } catch (error) {
    deps.log.warn("place at fal not given back, the sweeper will", { mediaId: media.id, error: String(error) });
  }
}

/** A record that changes under us is read again; ten others in a row would be a storm. */
const TRIES = 10;

/** Reads and moves again, as long as another door was faster. */
export async function retryOnConflict<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isOvertaken(error) || tried === TRIES) throw error;
    }
  }
}

/** Publishes a record's unpublished events. What the bus does not take stays in the outbox for the sweeper. */
export async function publishEvents(deps: MoveDeps, media: Media): Promise<void> {
  const waiting = Object.entries(media.outbox).map(([id, { type, at }]) => ({ id, type, at, media }));
  if (waiting.length === 0) return;
  try {
    const published = await deps.events.publish(waiting);
    await deps.records.removeEvents(refOf(media), published);
  } catch (error) {
    deps.log.warn("events stay in the outbox", { mediaId: media.id, error: String(error) });
  }
}
