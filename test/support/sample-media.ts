// Records to begin a test with.
import type { Media, StoredVideo } from "../../shared/media/media.ts";
import { instant } from "../../shared/media/instant.ts";

/** A record as the start writes it. */
export function queuedMedia(overrides: Partial<Media> = {}): Media {
  const now = Date.parse("2026-01-01T00:00:00.000Z");
  return {
    tenantId: "acme",
    spaceId: "holiday",
    id: "019b76da-a800-7000-8000-000000000001",
    uploadedBy: "ada",
    context: "The waves roll in.",
    image: { link: "https://pictures.example/beach.jpg" },
    generationMode: "standard",
    duration: "5",
    estimatedCostUsd: 0.28,
    phase: "queued",
    attempt: 0,
    restarts: 0,
    description: [],
    outbox: {},
    deadlineAt: instant(now + 3_600_000),
    sweepAt: instant(now + 60_000),
    createdAt: instant(now),
    updatedAt: instant(now),
    version: 1,
    ...overrides,
  };
}

/** A video as the finalizer records it. */
export function storedVideo(mediaId = queuedMedia().id): StoredVideo {
  const picture = { width: 1920, height: 1080, fps: 24, durationInSeconds: 5 };
  return { key: `videos/${mediaId}.mp4`, size: 41_207, sha256: "ab".repeat(32), ...picture };
}
