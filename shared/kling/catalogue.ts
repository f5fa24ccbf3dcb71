// Looking things up in the catalogue: a row by its name, what a deployment offers, and what one row makes of a request.
import { UnknownModeError } from "./errors.ts";
import { KLING_MODELS, type KlingGenerationMode, type KlingRequest, type KlingRow } from "./models.ts";

/** The model of records that were written before there were several. */
export const FIRST_MODEL = "kling-2.1";

/** The row of a model and mode; undefined where the catalogue has none (any more). */
export function findRow(model: string, mode: string): KlingRow | undefined {
  return KLING_MODELS.find((row) => row.model === model && row.mode === mode);
}

/**
 * The row of a mode of Kling 2.1, as the original application names them.
 * @throws UnknownModeError listing the known modes
 */
export function klingMode(mode: string): KlingRow {
  const row = findRow(FIRST_MODEL, mode);
  if (row) return row;
  throw new UnknownModeError(mode, modesOf(FIRST_MODEL, KLING_MODELS));
}

/**
 * The row of a model and mode, for callers of the library.
 * @throws UnknownModeError listing the model's modes, or the models
 */
export function klingModel(model: string, mode: string): KlingRow {
  const row = findRow(model, mode);
  if (row) return row;
  const modes = modesOf(model, KLING_MODELS);
  throw new UnknownModeError(mode, modes.length > 0 ? modes : namesIn(KLING_MODELS));
}

/** What is taken where no model is named: kling-2.1 or, where that is not offered, the first that is. */
export function defaultModel(offered: readonly KlingRow[]): string {
  const models = modelsOf(offered);
  return models.includes(FIRST_MODEL) ? FIRST_MODEL : (models[0] ?? FIRST_MODEL);
}

/** `kling-2.1`, ... in the order of the rows. */
export function modelsOf(rows: readonly KlingRow[]): string[] {
  return [...new Set(rows.map(({ model }) => model))];
}

export function modesOf(model: string, rows: readonly KlingRow[]): KlingGenerationMode[] {
  return rows.filter((row) => row.model === model).map(({ mode }) => mode);
}

/** `kling-2.1/standard`, ... */
export function namesIn(rows: readonly KlingRow[]): string[] {
  return rows.map(({ model, mode }) => `${model}/${mode}`);
}

/** `kling-2.5-turbo` -> `Kling 2.5 Turbo` */
export function titleOf(model: string): string {
  return model
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
}

/**
 * What a deployment offers.
 * @param names ids and `id/mode`, of the catalogue; undefined: every row that the catalogue offers by default
 */
export function offeredRows(names: readonly string[] | undefined): KlingRow[] {
  return KLING_MODELS.filter((row) =>
    names ? names.some((name) => name === row.model || name === `${row.model}/${row.mode}`) : (row.offered ?? true),
  );
}

/** The names that the catalogue does not have. */
export function unknownNames(names: readonly string[]): string[] {
  return names.filter((name) => !modelsOf(KLING_MODELS).includes(name) && !namesIn(KLING_MODELS).includes(name));
}

type InputValue = string | number | boolean | Record<string, string | number>[];

/**
 * fal's input object for a request: the set fields that the row has, and those that must always be sent.
 * Fields that the row lacks are left out: the API refuses them before this.
 */
export function klingInput(request: KlingRequest, row: KlingRow): Record<string, InputValue> {
  const wireDuration = (duration: string) => (row.durationsAs === "number" ? Number(duration) : duration);
  const shots = request.shots?.length ? request.shots : undefined;
  const values: Record<keyof KlingRow["inputFields"], InputValue | undefined> = {
    // fal takes a prompt or shots, never both.
    prompt: shots ? undefined : request.prompt,
    shots: shots?.map(({ prompt, duration }) => ({ prompt, duration: wireDuration(duration) })),
    duration: request.duration && wireDuration(request.duration),
    negative_prompt: request.negative_prompt,
    cfg_scale: request.cfg_scale,
    tail_image_url: request.tail_image_url,
    // Always sent: where fal's default is on, a silent video would be billed as one with sound.
    audio: request.audio ?? false,
    resolution: row.resolution,
  };
  const input: Record<string, InputValue> = {};
  for (const [field, name] of Object.entries(row.inputFields) as [keyof typeof values, string][]) {
    const value = values[field];
    if (value !== undefined) input[name] = value;
  }
  input[row.imageField] = request.image_url;
  return shots && row.inputFields.shots ? { ...input, ...row.shots?.alongside } : input;
}

/** Whether the video of a request has sound. */
export function hasSound({ audio }: KlingRow, asked: boolean | undefined): boolean {
  return audio === "always" || (audio === "optional" && asked === true);
}
