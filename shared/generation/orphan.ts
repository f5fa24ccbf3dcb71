// Jobs that fal has for a record that does not follow them: written down, with an event, so that an operator hears of them, and canceled.
import { ProviderUnavailableError } from "../media/errors.ts";
import { instant } from "../media/instant.ts";
import { madeWith, type Media } from "../media/media.ts";
import type { Kling } from "../media/ports.ts";
import { acceptedRequest, type Ledger } from "../money/ledger.ts";
import { move, type MoveDeps } from "./move.ts";

export interface OrphanDeps extends MoveDeps {
  ledger: Pick<Ledger, "accept" | "claimCancel" | "releaseCancel">;
  kling: Pick<Kling, "cancelKlingRequest">;
}

/** A generation makes a handful of attempts at most; a record must not grow without end. */
const ORPHANS_KEPT = 20;

/** Adds a job to the record's orphans, once, and tells fal to cancel it, once. @throws StaleMediaError */
export async function noteOrphan(deps: OrphanDeps, media: Media, requestId: string): Promise<void> {
  const request = acceptedRequest(media, requestId, instant(deps.clock.now()));
  // First, so that its bill finds the record even if the rest fails.
  if (request) await deps.ledger.accept({ ...request, orphan: true });
  const known = media.orphanRequestIds ?? [];
  if (!known.includes(requestId) && known.length < ORPHANS_KEPT) {
    await move(deps, media, "note orphan", { orphanRequestIds: [...known, requestId] }, { version: media.version });
    const facts = { mediaId: media.id, requestId, follows: media.requestId };
    deps.log.warn("fal has a job that no generation follows", { event: "job_orphaned", ...facts });
  }
  if (request) await cancelOrphan(deps, media, requestId);
}

/** Its video is not delivered, so a job that has not begun need not be paid. If fal cannot be reached, the next step that finds it tells fal. */
async function cancelOrphan(deps: OrphanDeps, media: Media, requestId: string): Promise<void> {
  if (!(await deps.ledger.claimCancel(requestId))) return;
  const facts = { mediaId: media.id, requestId };
  try {
    const said = await deps.kling.cancelKlingRequest(requestId, madeWith(media));
    deps.log.info("fal was told to cancel an orphaned job", { ...facts, said });
  } catch (error) {
    if (!(error instanceof ProviderUnavailableError)) throw error;
    await deps.ledger.releaseCancel(requestId);
    deps.log.warn("the cancel of an orphaned job did not reach fal", { ...facts, error: error.message });
  }
}
