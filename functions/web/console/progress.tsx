// How far a generation is, and how long such things take here.
import { useEffect, useState } from "preact/hooks";
import type { IMedia } from "../../../shared/client/contract.ts";
import type { Planning } from "./use-planning.ts";
import { span, stepOf, STEPS } from "./words.ts";

/** Steps that were really taken, the time that has passed, and how long such generations take here: nothing is invented. */
export function Progress({ media, planning }: { media: IMedia; planning: Planning }) {
  const elapsed = useElapsed(media.createdAt);
  const timing = planning.timing({ model: media.model, mode: media.generationMode, duration: media.duration });
  const done = stepOf(media);
  return (
    <div class="progress">
      <ol class="steps" aria-label={`Step ${Math.min(done + 1, STEPS.length)} of ${STEPS.length}`}>
        {STEPS.map((step, n) => (
          <li
            key={step}
            class={n < done ? "done" : n === done ? "now" : ""}
            aria-current={n === done ? "step" : undefined}
          >
            {step}
          </li>
        ))}
      </ol>
      {timing && (
        <div class="scale" aria-hidden="true">
          <i class="passed" style={{ width: `${Math.min(100, (elapsed / timing.p90Seconds) * 100)}%` }} />
          <i class="half" style={{ left: `${(timing.p50Seconds / timing.p90Seconds) * 100}%` }} />
        </div>
      )}
      <p class="elapsed">
        <span class="tabular">{span(elapsed)}</span>
        {timing && (
          <span>
            {elapsed > timing.p90Seconds
              ? "longer than 9 of 10"
              : `ready in about ${span(timing.p50Seconds)} (9 of 10 within ${span(timing.p90Seconds)})`}
          </span>
        )}
      </p>
    </div>
  );
}

/** Seconds since then, by the second. */
function useElapsed(since: string): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (now - Date.parse(since)) / 1000);
}
