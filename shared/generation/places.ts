// fal's places, where an operator says how many there are: when they are taken, tenants take turns, each with its oldest first.
import { refOf, type Media, type MediaRef } from "../media/media.ts";
import { instant, type Instant } from "../media/instant.ts";
import type { Clock, MediaRecords, Places, PlacesTaken } from "../media/ports.ts";
import type { MoveName } from "../media/moves.ts";
import type { Phase } from "../media/status.ts";

interface PlaceDeps {
  places: Places | undefined;
  records: Pick<MediaRecords, "waiting" | "get">;
  clock: Pick<Clock, "now">;
}

/** Others write the same item: a few times between a read and its write at most. */
const TRIES = 10;
/** Longer than a submit takes (120 s, its state's TimeoutSeconds) and the longest poll (60 s): who has not begun by then is dead. */
const UNUSED_AFTER_MS = 200_000;

const AT_FAL: readonly Phase[] = ["submitting", "generating"];
/** Of those that leave a record queued, these give up what it has been granted. */
const GIVES_UP: readonly MoveName[] = ["release", "hold back", "park"];

/** How those that wait are ordered in the index: by tenant, and by age within one. */
export function placeInLine({ tenantId, id }: Pick<Media, "tenantId" | "id">): Instant {
  return `${encodeURIComponent(tenantId)}#${id}`;
}

/** Whether it has a place, or has just been given one; places that are free are handed out in turn on the way. */
export async function hasPlace(deps: PlaceDeps & { places: Places }, media: Media): Promise<boolean> {
  const taken = await handOut(deps);
  return media.id in taken.by;
}

/**
 * Takes a place for one that does not wait yet: only where one is free and nobody waits.
 * @returns false: it has to wait for its turn
 */
export async function takePlace(deps: PlaceDeps & { places: Places }, media: Media): Promise<boolean> {
  const { places, clock } = deps;
  for (let tried = 0; tried < TRIES; tried++) {
    const taken = await handOut(deps);
    if (media.id in taken.by) return true;
    if (freeIn(taken, places.limit) === 0 || (await nextInLine(deps, taken))) return false;
    if (await places.write(taken, withPlace(taken, refOf(media), clock.now()))) return true;
  }
  return false;
}

/** Gives a record's place back where its move has taken it away from fal. What fails here the sweeper makes good. */
export async function freePlace(deps: PlaceDeps, media: Media, name: MoveName): Promise<void> {
  const { places } = deps;
  const isAtFal = media.phase !== undefined && AT_FAL.includes(media.phase);
  const staysInLine = media.phase === "queued" && !GIVES_UP.includes(name);
  if (!places || isAtFal || staysInLine) return;
  await free(places, [media.id]);
}

/** Takes back the places of those that are not at fal and will not be: their process died between two writes. */
export async function freeAbandonedPlaces(deps: PlaceDeps): Promise<void> {
  const { places, records, clock } = deps;
  if (!places) return;
  const before = instant(clock.now() - UNUSED_AFTER_MS);
  const old = Object.entries((await places.read()).by).filter(([, { at }]) => at <= before);
  const abandoned: string[] = [];
  for (const [mediaId, { tenantId, spaceId }] of old) {
    const media = await records.get({ tenantId, spaceId, mediaId });
    if (media?.phase === undefined || !AT_FAL.includes(media.phase)) abandoned.push(mediaId);
  }
  if (abandoned.length > 0) await free(places, abandoned);
  await handOut({ ...deps, places });
}

/** Gives each free place to the one whose turn it is. @returns the places as they are then */
async function handOut(deps: PlaceDeps & { places: Places }): Promise<PlacesTaken> {
  const { places, clock } = deps;
  let taken = await places.read();
  for (let tried = 0; tried < TRIES && freeIn(taken, places.limit) > 0;) {
    const next = await nextInLine(deps, taken);
    if (!next) break;
    // Another's write came between: it may have given the same place.
    if (!(await places.write(taken, withPlace(taken, next, clock.now())))) tried++;
    taken = await places.read();
  }
  return taken;
}

/** The longest waiting of the tenant that comes after the one that was served last, without those that have a place already. */
async function nextInLine({ records }: Pick<PlaceDeps, "records">, taken: PlacesTaken): Promise<MediaRef | undefined> {
  const most = Object.keys(taken.by).length + 1;
  const withoutPlace = (refs: MediaRef[]) => refs.find(({ mediaId }) => !(mediaId in taken.by));
  const { turn } = taken;
  const after = turn === undefined ? undefined : withoutPlace(await records.waiting(most, { afterTenant: turn }));
  return after ?? withoutPlace(await records.waiting(most));
}

async function free(places: Places, mediaIds: string[]): Promise<void> {
  for (let tried = 0; tried < TRIES; tried++) {
    const taken = await places.read();
    const left = Object.entries(taken.by).filter(([id]) => !mediaIds.includes(id));
    if (left.length === Object.keys(taken.by).length) return;
    if (await places.write(taken, { ...taken, by: Object.fromEntries(left) })) return;
  }
}

function withPlace(taken: PlacesTaken, { mediaId, tenantId, spaceId }: MediaRef, nowMs: number): PlacesTaken {
  return { ...taken, turn: tenantId, by: { ...taken.by, [mediaId]: { tenantId, spaceId, at: instant(nowMs) } } };
}

function freeIn({ by }: PlacesTaken, limit: number): number {
  return Math.max(0, limit - Object.keys(by).length);
}
