// How a generation is followed: the strategy is chosen anew on each answer, by its content.
import type { IMedia } from "./contract.ts";

/** How the next answer is requested. */
export type PollingStrategy =
  /** Records from before fal's request ids: asked often, for a while. */
  | { kind: "legacy"; everyMs: number }
  | { kind: "poll"; everyMs: number }
  /** The server answers as soon as there is something new. */
  | { kind: "wait"; sinceVersion: number };

const POLL_MS = 10_000;
const LEGACY_IMAGE_MS = 1_000;
const LEGACY_VIDEO_MS = 5_000;

/** The strategy for the next answer, from the last one. */
export function pollingStrategy(
  { media }: { media: Partial<Pick<IMedia, "requestId" | "phase" | "version">> & { type?: string } },
  offersWaiting: boolean,
): PollingStrategy {
  if (media.requestId === undefined && media.phase === undefined) {
    return { kind: "legacy", everyMs: media.type === "image" ? LEGACY_IMAGE_MS : LEGACY_VIDEO_MS };
  }
  if (offersWaiting && media.version !== undefined) return { kind: "wait", sinceVersion: media.version };
  return { kind: "poll", everyMs: POLL_MS };
}
