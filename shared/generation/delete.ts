// Deleting a media: first the mark, in one write, then its files, then the record's content together with the event, once
// no step can add another file.
// If the process dies on the way, the sweeper finishes.
import { isOvertaken, MediaNotFoundError, NotDeletableError } from "../media/errors.ts";
import { keyPrefixes } from "../media/file-keys.ts";
import type { MediaChange, MediaRef } from "../media/media.ts";
import { move, retryOnConflict, type MoveDeps } from "./move.ts";
import type { MediaFiles } from "../media/ports.ts";
import { KEY_KEPT_SECONDS } from "./deadlines.ts";
import { isTerminal } from "../media/status.ts";

export interface DeleteDeps extends MoveDeps {
  files: Pick<MediaFiles, "deleteAll">;
}

/**
 * Deletes a generation that has ended, and its files. Repeating it changes nothing.
 * @throws MediaNotFoundError, NotDeletableError
 */
export async function deleteMedia(deps: DeleteDeps, ref: MediaRef): Promise<void> {
  await retryOnConflict(async () => {
    const media = await deps.records.get(ref);
    if (!media) throw new MediaNotFoundError();
    if (media.phase === "deleted") return;
    const ended = media.phase !== undefined && isTerminal(media.phase);
    if (!ended || media.analysisStatus === "pending") throw new NotDeletableError(media.phase);
    await move(deps, media, "delete", {}, { version: media.version });
  });
  await finishDeletion(deps, ref);
}

/**
 * A step that was under way when its generation ended may yet put a file into the store: finalize runs for 300 s, every
 * other step for less, and none begins with a record that is deleted.
 */
const STEPS_RUN_SECONDS = 300;

/** What a deleted record keeps: its ids, its cost, and that it existed. */
const NOTHING: MediaChange = {
  uploadedBy: "",
  context: "",
  image: { link: "" },
  description: [],
  baseMediaId: undefined,
  name: undefined,
  negativePrompt: undefined,
  tailImageUrl: undefined,
  prompt: undefined,
  source: undefined,
  video: undefined,
  poster: undefined,
  providerVideoUrl: undefined,
  error: undefined,
  analysisStatus: undefined,
};

/**
 * Deletes the files of a record whose deletion was begun, then its content. The record itself stays until every
 * Idempotency-Key has expired that could start it again, and pay for it again.
 */
export async function finishDeletion(deps: DeleteDeps, ref: MediaRef): Promise<void> {
  const media = await deps.records.get(ref);
  if (media?.phase !== "deleted" || media.expiresAt !== undefined) return;
  for (const prefix of keyPrefixes(media.id)) await deps.files.deleteAll(prefix);
  // What has gone its whole way has no step under way. The files of any other are deleted once more, by the sweeper.
  const stepsHaveEnded = deps.clock.now() >= Date.parse(media.updatedAt) + STEPS_RUN_SECONDS * 1000;
  if (media.analysisStatus !== "completed" && !stepsHaveEnded) return;
  // What the bus has not taken yet is told from the record, and so is what its money was for: the sweeper does both later.
  if (Object.keys(media.outbox).length > 0 || media.reservation !== undefined) return;
  const expiresAt = Math.floor(deps.clock.now() / 1000) + KEY_KEPT_SECONDS;
  try {
    await move(deps, media, "erase", { ...NOTHING, expiresAt }, { version: media.version });
  } catch (error) {
    // Another process has finished it.
    if (!isOvertaken(error)) throw error;
  }
}
