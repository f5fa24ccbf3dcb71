// The events that go out: keys and facts, no links, no prompt. Their schemas are in contract/event-schemas.ts, which no function needs.
import { failure } from "./failures.ts";
import { modelOf } from "../media/media.ts";
import type { MediaEvent } from "./ports.ts";

/** Version of the detail. It rises when a field changes its meaning or is removed; then old and new are sent side by side. */
export const DETAIL_VERSION = 1;

/**
 * The detail of one event: the facts of its type, as they were then. The record may have moved on since, because an
 * event that the bus did not take waits in the outbox.
 */
export function generationEvent({ id, type, at, media }: MediaEvent) {
  const { tenantId, spaceId, id: mediaId, baseMediaId, request, requestId, generationMode } = media;
  const job = { requestId, model: modelOf(media), generationMode };
  const of = { version: DETAIL_VERSION, id, tenantId, spaceId, mediaId, baseMediaId, request, ...job, at };
  switch (type) {
    case "Generation Started":
      return { ...of, status: "generating" };
    case "Generation Completed":
      return { ...of, status: "completed", video: videoFacts(media) };
    case "Generation Failed":
      // A failed record without its error was redriven meanwhile, as only a failed delivery is.
      return { ...of, status: "failed", error: media.error ?? failure("delivery_failed") };
    case "Generation Canceled":
      return { ...of, status: "canceled" };
    case "Media Analyzed":
      return {
        ...of,
        status: "completed",
        video: videoFacts(media),
        poster: media.poster,
        description: media.description[0]?.text,
      };
    case "Media Deleted":
      return { ...of, status: "deleted" };
    case "Generation Orphaned":
      return { ...of, status: media.phase, orphanRequestIds: media.orphanRequestIds };
  }
}

function videoFacts({ video }: MediaEvent["media"]) {
  if (!video) return undefined;
  const { key, size, width, height, durationInSeconds, audio } = video;
  return { key, size, width, height, durationInSeconds, audio };
}
