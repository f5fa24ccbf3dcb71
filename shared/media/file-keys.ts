// The names of a media's files in the store: defined only here, so that a deletion finds all of them.
import { randomBytes } from "node:crypto";

export function videoKey(mediaId: string): string {
  return `videos/${mediaId}.mp4`;
}

/** Beside the video. */
export function posterKey(mediaId: string): string {
  return `videos/${mediaId}.jpg`;
}

/** A new name on each call: its 128 random bits are what opens the route that fal fetches it from. */
export function newSourceKey(mediaId: string, attempt: number, which: "first" | "tail"): string {
  const random = randomBytes(16).toString("hex");
  return `sources/${mediaId}-${attempt}${which === "tail" ? "-tail" : ""}-${random}.jpg`;
}

/** What the keys of a media begin with, those of steps that died before they recorded them included. */
export function keyPrefixes(mediaId: string): string[] {
  return [`videos/${mediaId}.`, `sources/${mediaId}-`];
}
