// fal's history of ended jobs: which of them is a record's, by the picture it was made of.
import { madeWith, type Media } from "../media/media.ts";
import type { Kling, MediaFiles } from "../media/ports.ts";
import { sourceUrl } from "./source.ts";

export interface HistoryDeps {
  kling: Pick<Kling, "findKlingRequest">;
  files: MediaFiles;
  /** Where fal can reach us, if it can. */
  publicUrl: string | undefined;
}

/**
 * The job of a record in fal's history, matched on our source image, which no other generation has.
 * @throws ProviderUnavailableError, SourceImageUnavailableError when there is no image to match it on
 */
export async function findInHistory(deps: HistoryDeps, media: Media): Promise<string | undefined> {
  if (!media.source) return undefined;
  const image_url = await sourceUrl(deps.files, deps.publicUrl, media.source.key);
  return (await deps.kling.findKlingRequest({ image_url }, madeWith(media), sentAfter(media)))?.request_id;
}

/**
 * Whether a job was made of the record's own picture. fal's history proves presence, never absence: a job that it does
 * not show, or not with its picture, may be any customer's.
 * @throws ProviderUnavailableError, SourceImageUnavailableError when there is no image to match it on
 */
export async function whoseJob(
  deps: HistoryDeps,
  media: Media,
  requestId: string,
): Promise<"ours" | "another's" | "unknown"> {
  const found = await deps.kling.findKlingRequest({ request_id: requestId }, madeWith(media), sentAfter(media));
  if (found?.image_url === undefined || !media.source) return "unknown";
  return found.image_url === (await sourceUrl(deps.files, deps.publicUrl, media.source.key)) ? "ours" : "another's";
}

function sentAfter(media: Media): string {
  return media.claimedAt ?? media.createdAt;
}
