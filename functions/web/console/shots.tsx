// What happens shot by shot, where the model takes it so: the words above then describe the whole.
import type { Draft } from "./draft.ts";

interface Props {
  shots: Draft["shots"];
  onChange: (change: Pick<Draft, "shots">) => void;
}

const FIRST_SECONDS = "5";

export function Shots({ shots, onChange }: Props) {
  const change = (at: number, shot: Partial<Draft["shots"][number]>) =>
    onChange({ shots: shots.map((it, n) => (n === at ? { ...it, ...shot } : it)) });
  const add = () => onChange({ shots: [...shots, { prompt: "", duration: FIRST_SECONDS }] });
  return (
    <fieldset class="shot-list">
      <legend class="visually-hidden">Shots</legend>
      <label class="check">
        <input
          type="checkbox"
          checked={shots.length > 0}
          onChange={({ currentTarget }) => (currentTarget.checked ? add() : onChange({ shots: [] }))}
        />
        Tell it shot by shot
      </label>
      {shots.map(({ prompt, duration }, n) => (
        <div key={n} class="shot">
          <textarea
            rows={2}
            dir="auto"
            aria-label={`Shot ${n + 1}: what happens`}
            placeholder={`Shot ${n + 1}`}
            value={prompt}
            onInput={({ currentTarget }) => change(n, { prompt: currentTarget.value })}
          />
          <input
            type="number"
            min="1"
            max="99"
            step="1"
            aria-label={`Shot ${n + 1}: seconds`}
            value={duration}
            onInput={({ currentTarget }) => change(n, { duration: currentTarget.value })}
          />
          <button
            type="button"
            class="quiet"
            aria-label={`Remove shot ${n + 1}`}
            onClick={() => onChange({ shots: shots.filter((_, at) => at !== n) })}
          >
            ×
          </button>
        </div>
      ))}
      {shots.length > 0 && (
        <button type="button" class="quiet" onClick={add}>
          Another shot
        </button>
      )}
    </fieldset>
  );
}
