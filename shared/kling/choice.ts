// What a caller asks for, held against the rows that are offered: one row with everything settled, or what would be possible.
import { NotOfferedError, type RequestFault } from "./errors.ts";
import { defaultModel, hasSound, modelsOf, modesOf } from "./catalogue.ts";
import type { Duration, KlingGenerationMode, KlingRow, Shot } from "./models.ts";

/** What decides which row is taken, and what it must be able to do. */
export interface Asked {
  model?: string | undefined;
  mode?: KlingGenerationMode | undefined;
  /** Seconds, in digits. */
  duration?: string | undefined;
  audio?: boolean | undefined;
  shots?: readonly Shot[] | undefined;
  context: string;
  negativePrompt?: string | undefined;
  cfgScale?: number | undefined;
  tailImageUrl?: string | undefined;
}

export interface Choice {
  row: KlingRow;
  duration: Duration;
  audio: boolean;
  shots?: Shot[] | undefined;
}

const DEFAULT_SECONDS = 5;

/**
 * @param offered at least one row; the default model is kling-2.1 or, where that is not offered, the first that is
 * @throws NotOfferedError with everything that is not possible, and what would be instead
 */
export function choose(offered: readonly KlingRow[], asked: Asked): Choice {
  const model = asked.model ?? defaultModel(offered);
  const models = modelsOf(offered);
  if (!models.includes(model)) throw new NotOfferedError([{ path: "model", message: `must be ${oneOf(models)}` }]);
  const modes = modesOf(model, offered);
  const mode = asked.mode ?? modes[0];
  const row = offered.find((it) => it.model === model && it.mode === mode);
  if (!row) throw new NotOfferedError([{ path: "mode", message: `must be ${oneOf(modes)} with model ${model}` }]);

  const shots = asked.shots?.length ? [...asked.shots] : undefined;
  const duration = asked.duration ?? String(shots ? sumOf(shots) : defaultSeconds(row));
  const faults = [
    ...durationFaults(row, asked.duration, duration, shots),
    ...shotFaults(row, shots, asked.tailImageUrl),
    ...audioFaults(row, asked.audio),
    ...fieldFaults(row, asked),
    ...lengthFaults(row, asked, shots),
  ];
  if (faults.length > 0) throw new NotOfferedError(faults);
  return { row, duration, audio: hasSound(row, asked.audio), shots };
}

function defaultSeconds({ durations }: KlingRow): number {
  return durations.includes(DEFAULT_SECONDS) ? DEFAULT_SECONDS : (durations[0] ?? DEFAULT_SECONDS);
}

function sumOf(shots: readonly Shot[]): number {
  return shots.reduce((sum, { duration }) => sum + Number(duration), 0);
}

function durationFaults(
  row: KlingRow,
  asked: string | undefined,
  duration: string,
  shots: Shot[] | undefined,
): RequestFault[] {
  if (!row.durations.includes(Number(duration))) {
    const message = `must be ${secondsOf(row)} with ${nameOf(row)}`;
    if (asked !== undefined || !shots) return [{ path: "duration", message }];
    return [{ path: "shots", message: `add up to ${duration} seconds, and their sum ${message}` }];
  }
  if (shots && Number(duration) !== sumOf(shots)) {
    return [{ path: "duration", message: `must be the sum of the shots, "${sumOf(shots)}", or be left out` }];
  }
  return [];
}

function shotFaults(row: KlingRow, shots: Shot[] | undefined, tailImageUrl: string | undefined): RequestFault[] {
  if (!shots) return [];
  if (!row.inputFields.shots || !row.shots) return [{ path: "shots", message: `are not possible with ${nameOf(row)}` }];
  if (shots.length > row.shots.max) {
    return [{ path: "shots", message: `must be at most ${row.shots.max} with ${nameOf(row)}` }];
  }
  // fal does not say that both go together; a refusal there may be billed.
  return tailImageUrl === undefined ? [] : [{ path: "tailImageUrl", message: "is not possible together with shots" }];
}

function audioFaults(row: KlingRow, audio: boolean | undefined): RequestFault[] {
  if (row.audio === "none" && audio) {
    return [{ path: "audio", message: `must be false or left out: ${nameOf(row)} has no sound` }];
  }
  if (row.audio === "always" && audio === false) {
    return [{ path: "audio", message: `must be true or left out: ${nameOf(row)} always has sound` }];
  }
  return [];
}

/** A field that the row lacks is refused: if it were dropped silently, the caller would pay for another video than the one asked for. */
function fieldFaults(row: KlingRow, asked: Asked): RequestFault[] {
  const fields = [
    { path: "tailImageUrl", field: row.inputFields.tail_image_url },
    { path: "negativePrompt", field: row.inputFields.negative_prompt },
    { path: "cfgScale", field: row.inputFields.cfg_scale },
  ] as const;
  return fields
    .filter(({ path, field }) => field === undefined && asked[path] !== undefined)
    .map(({ path }) => ({ path, message: `is not possible with ${nameOf(row)}` }));
}

function lengthFaults({ promptMaxCharacters }: KlingRow, asked: Asked, shots: Shot[] | undefined): RequestFault[] {
  const texts = [
    { path: "context", text: asked.context },
    { path: "negativePrompt", text: asked.negativePrompt ?? "" },
    ...(shots ?? []).map(({ prompt }, n) => ({ path: `shots.${n}.prompt`, text: prompt })),
  ];
  return texts
    .filter(({ text }) => [...text].length > promptMaxCharacters)
    .map(({ path }) => ({ path, message: `must have at most ${promptMaxCharacters} characters` }));
}

/** `kling-3 pro` */
function nameOf({ model, mode }: KlingRow): string {
  return `${model} ${mode}`;
}

/** `"5" or "10"`; `"3" to "15"` */
function secondsOf({ durations }: KlingRow): string {
  const [first = 0, last = 0] = [durations[0], durations.at(-1)];
  const isRange = durations.length > 2 && last - first === durations.length - 1;
  return isRange ? `"${first}" to "${last}"` : oneOf(durations.map(String));
}

/** `"a"`; `"a" or "b"`; `"a", "b" or "c"` */
function oneOf(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`);
  return quoted.length < 2 ? quoted.join("") : `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
}
