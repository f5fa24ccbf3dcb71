// Where a record stands, in the words of the original application.
import type { Media } from "./media.ts";
import { generationStatus, type GenerationStatus, type Progress } from "./status.ts";

/** As check-generation and the list's filter say it. */
export function progressOf(record: Media): Progress {
  const status = generationOf(record);
  return status === "generating-video" ? "in_progress" : status;
}

/** As a media shows it. */
export function generationOf(record: Media): GenerationStatus {
  if (record.phase !== undefined) return generationStatus(record.phase);
  return record.generationStatus ?? "generating-video";
}
