// What happened to a generation and when, as its record holds it.
import type { IMedia } from "../../../shared/client/contract.ts";
import { clockTime, span } from "./words.ts";

interface Row {
  at: string;
  says: string;
  dot: string;
}

export function Timeline({ media }: { media: IMedia }) {
  const rows = rowsOf(media);
  const isWhole = media.timeline !== undefined || media.generationStatus === "generating-video";
  return (
    <section aria-labelledby="timeline-title">
      <h3 id="timeline-title">What happened</h3>
      <ol class="timeline">
        {rows.map(({ at, says, dot }) => (
          <li key={`${at} ${says}`}>
            <span class={`dot ${dot}`} aria-hidden="true" />
            <span>{says}</span>
            <time dateTime={at}>
              {clockTime(at)}
              {at !== media.createdAt && (
                <span class="note">{` +${span((Date.parse(at) - Date.parse(media.createdAt)) / 1000)}`}</span>
              )}
            </time>
          </li>
        ))}
      </ol>
      {!isWhole && <p class="note">Its steps in between were not kept: it is of an older version.</p>}
    </section>
  );
}

function rowsOf(media: IMedia): Row[] {
  const { createdAt, cancelRequestedAt, completedAt, timeline } = media;
  const attempts = timeline?.filter(({ attempt }) => attempt !== undefined).length ?? 0;
  const rows: Row[] = (timeline ?? []).map(({ at, phase, attempt }) => ({
    at,
    dot: phase,
    says: {
      queued: "Put off: fal.ai was busy or out of reach",
      submitting: attempts > 1 ? `Being sent to fal.ai, attempt ${attempt ?? "?"}` : "Being sent to fal.ai",
      generating: "Accepted by fal.ai",
      finalizing: "Made; the video is fetched and stored",
      completed: "Ready",
      failed: `Failed: ${media.error?.message ?? ""}`,
      canceled: "Canceled",
    }[phase],
  }));
  if (!timeline && completedAt !== undefined) rows.push({ at: completedAt, says: "Ready", dot: "completed" });
  if (cancelRequestedAt !== undefined) {
    rows.push({ at: cancelRequestedAt, says: "A cancel was asked for", dot: "canceled" });
  }
  rows.sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  return [{ at: createdAt, says: "Asked for", dot: "queued" }, ...rows];
}
