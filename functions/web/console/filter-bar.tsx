// What the list of videos is narrowed to: words, status, model, time and favourites.
import { useId } from "preact/hooks";
import { dayBefore, STATUSES, type Filter, type Status } from "./address.ts";
import { Star } from "./icons.tsx";
import type { Planning } from "./use-planning.ts";
import { modelWords } from "./words.ts";

const STATUS_WORDS: Record<Status, string> = {
  in_progress: "Only in progress",
  completed: "Only ready",
  failed: "Only failed",
  canceled: "Only canceled",
};

/** Days that a time goes back, today included. */
const TIMES = { Today: 1, "Last 7 days": 7, "Last 30 days": 30 } as const;

interface Props {
  filter: Filter;
  planning: Planning;
  /** @param step words are typed letter by letter: Back undoes them all together */
  onChange: (filter: Filter, step: "new" | "same") => void;
}

export function FilterBar({ filter, planning, onChange }: Props) {
  const id = useId();
  const narrow = (change: Filter) => onChange({ ...filter, ...change }, "new");
  const models = (planning.models ?? []).map((model) => ({ id: model.id, name: model.name }));
  if (filter.model !== undefined && !models.some((model) => model.id === filter.model)) {
    models.push({ id: filter.model, name: modelWords(filter.model) });
  }
  const time = timeOf(filter);
  return (
    <search class="filters" aria-label="Your videos">
      <input
        type="search"
        aria-label="Search the prompts"
        placeholder="Search the prompts"
        dir="auto"
        value={filter.words ?? ""}
        onInput={({ currentTarget }) => onChange({ ...filter, words: currentTarget.value || undefined }, "same")}
      />
      <select
        aria-label="Status"
        value={filter.status ?? ""}
        onChange={({ currentTarget }) => narrow({ status: STATUSES.find((status) => status === currentTarget.value) })}
      >
        <option value="">Any status</option>
        {Object.entries(STATUS_WORDS).map(([status, says]) => (
          <option key={status} value={status}>
            {says}
          </option>
        ))}
      </select>
      <select
        aria-label="Model of the video"
        value={filter.model ?? ""}
        onChange={({ currentTarget }) => narrow({ model: currentTarget.value || undefined })}
      >
        <option value="">Any model</option>
        {models.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
      <select
        aria-label="When it was started"
        value={time}
        onChange={({ currentTarget: { value } }) => {
          if (value === "dates") narrow({ from: filter.from ?? dayBefore(6), to: filter.to ?? dayBefore(0) });
          else narrow({ from: value === "" ? undefined : dayBefore(Number(value) - 1), to: undefined });
        }}
      >
        <option value="">Any time</option>
        {Object.entries(TIMES).map(([says, days]) => (
          <option key={says} value={days}>
            {says}
          </option>
        ))}
        <option value="dates">Between two days</option>
      </select>
      {time === "dates" && (
        <span class="dates">
          <label for={`${id}-from`}>from</label>
          <input
            id={`${id}-from`}
            type="date"
            value={filter.from ?? ""}
            max={filter.to}
            onChange={({ currentTarget }) => narrow({ from: currentTarget.value || undefined })}
          />
          <label for={`${id}-to`}>to</label>
          <input
            id={`${id}-to`}
            type="date"
            value={filter.to ?? ""}
            min={filter.from}
            onChange={({ currentTarget }) => narrow({ to: currentTarget.value || undefined })}
          />
        </span>
      )}
      <button
        type="button"
        class="button star-filter"
        aria-pressed={filter.favourites === true}
        title="Favourites are kept in this browser"
        onClick={() => narrow({ favourites: filter.favourites ? undefined : true })}
      >
        <Star />
        Favourites
      </button>
      {isNarrowed(filter) && (
        <button type="button" class="quiet" onClick={() => onChange({}, "new")}>
          Show all
        </button>
      )}
    </search>
  );
}

/** Which entry of the list of times a filter is. */
function timeOf({ from, to }: Filter): string {
  if (from === undefined && to === undefined) return "";
  const days = Object.values(TIMES).find((it) => from === dayBefore(it - 1));
  return days !== undefined && to === undefined ? String(days) : "dates";
}

export function isNarrowed(filter: Filter): boolean {
  return Object.values(filter).some((value) => value !== undefined && value !== "");
}
