// Watching a record: read it at once, or as soon as it has changed.
import type { Media, MediaRef } from "./media.ts";
import type { Clock, MediaRecords } from "./ports.ts";
import { readMedia } from "./read.ts";

/** A watcher learns of a change within this; 20 s of watching cost 80 reads of one item, a thousandth of a cent. */
const LOOK_EVERY_MS = 250;

/**
 * The record. With `sinceVersion` and `waitSeconds`: the record as soon as its version is higher, undefined when it
 * did not change in that time.
 * @throws MediaNotFoundError
 */
export async function watchMedia(
  deps: { records: Pick<MediaRecords, "show">; clock: Clock },
  ref: MediaRef,
  { sinceVersion, waitSeconds = 0 }: { sinceVersion?: number; waitSeconds?: number },
): Promise<Media | undefined> {
  const until = deps.clock.now() + waitSeconds * 1000;
  for (;;) {
    const media = await readMedia(deps, ref);
    if (sinceVersion === undefined || media.version > sinceVersion) return media;
    const leftMs = until - deps.clock.now();
    if (leftMs <= 0) return undefined;
    await deps.clock.sleep(Math.min(LOOK_EVERY_MS, leftMs));
  }
}
