// Reading a record: what is deleted is not there.
import { MediaNotFoundError } from "./errors.ts";
import type { Media, MediaRef } from "./media.ts";
import type { MediaRecords } from "./ports.ts";

/** @throws MediaNotFoundError */
export function existing(media: Media | undefined): Media {
  if (!media || media.phase === "deleted") throw new MediaNotFoundError();
  return media;
}

/** The record as callers may see it. @throws MediaNotFoundError */
export async function readMedia(deps: { records: Pick<MediaRecords, "show"> }, ref: MediaRef): Promise<Media> {
  return existing(await deps.records.show(ref));
}
