// Jobs that fal has for a record that does not follow them: written down, with an event, so that an operator hears of them.
import type { Media } from "../media/media.ts";
import { move, type MoveDeps } from "./move.ts";

/** A generation makes a handful of attempts at most; a record must not grow without end. */
const ORPHANS_KEPT = 20;

/** Adds a job to the record's orphans, once. @throws StaleMediaError */
export async function noteOrphan(deps: MoveDeps, media: Media, requestId: string): Promise<void> {
  const known = media.orphanRequestIds ?? [];
  if (known.includes(requestId) || known.length === ORPHANS_KEPT) return;
  await move(deps, media, "note orphan", { orphanRequestIds: [...known, requestId] }, { version: media.version });
  const facts = { mediaId: media.id, requestId, follows: media.requestId };
  deps.log.warn("fal has a job that no generation follows", { event: "job_orphaned", ...facts });
}
