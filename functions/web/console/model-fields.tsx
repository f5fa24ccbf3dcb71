// Which model makes the video, in which mode, how long, with or without sound: as GET /api/models has it.
import { useId } from "preact/hooks";
import type { Draft } from "./draft.ts";
import type { Planning } from "./use-planning.ts";
import { modeWords, priceTag } from "./words.ts";

/** More lengths than this are shown as a list. */
const LENGTHS_SIDE_BY_SIDE = 3;

interface Props {
  planning: Planning;
  /** With an existing model and mode. */
  draft: Draft;
  onChange: (change: Partial<Draft>) => void;
}

export function ModelFields({ planning, draft, onChange }: Props) {
  const id = useId();
  const { model, mode, duration, audio } = draft;
  const models = planning.models ?? [];
  const own = models.find((it) => it.id === model);
  const able = own?.modes.find((it) => it.mode === mode);
  if (!own || !able) return null;
  const lengths = able.durations.map(String);
  return (
    <>
      {models.length > 1 && (
        <div class="field">
          <label for={`${id}-model`}>Model</label>
          <select
            id={`${id}-model`}
            value={model}
            onChange={({ currentTarget }) => onChange({ model: currentTarget.value })}
          >
            {models.map((it) => (
              <option key={it.id} value={it.id}>
                {it.name}
              </option>
            ))}
          </select>
        </div>
      )}
      <fieldset class="modes">
        <legend>Mode</legend>
        {own.modes.map(({ mode: it }) => {
          const { name, says } = modeWords(it);
          const usd = planning.price({ model, mode: it, duration, audio });
          return (
            <label key={it} title={says}>
              <input type="radio" name="mode" checked={mode === it} onChange={() => onChange({ mode: it })} />
              <span class="mode">
                <b>{name}</b>
                <span class="price">{usd === undefined ? "" : priceTag(usd, planning.testMode)}</span>
              </span>
            </label>
          );
        })}
        <p class="note">{modeWords(mode).says}</p>
      </fieldset>
      {draft.shots.length > 0 ? (
        <p class="note">{`${duration} seconds, the length of all shots.`}</p>
      ) : lengths.length <= LENGTHS_SIDE_BY_SIDE ? (
        <fieldset class="segments">
          <legend>Length</legend>
          {lengths.map((it) => (
            <label key={it}>
              <input
                type="radio"
                name="duration"
                checked={duration === it}
                onChange={() => onChange({ duration: it })}
              />
              <span>{`${it} seconds`}</span>
            </label>
          ))}
        </fieldset>
      ) : (
        <div class="field">
          <label for={`${id}-length`}>Length</label>
          <select
            id={`${id}-length`}
            value={duration}
            onChange={({ currentTarget }) => onChange({ duration: currentTarget.value })}
          >
            {lengths.map((it) => (
              <option key={it} value={it}>{`${it} seconds`}</option>
            ))}
          </select>
        </div>
      )}
      {able.audio === "optional" && (
        <label class="check">
          <input
            type="checkbox"
            checked={audio}
            onChange={({ currentTarget }) => onChange({ audio: currentTarget.checked })}
          />
          With sound
        </label>
      )}
      {able.audio === "always" && <p class="note">Its videos always have sound.</p>}
    </>
  );
}
