// The catalogue as callers see it.
import { defaultModel, modelsOf, titleOf } from "./catalogue.ts";
import { soundsOf } from "./price.ts";
import type { ImageLimits, KlingGenerationMode, KlingRow } from "./models.ts";

export interface ShownModel {
  id: string;
  name: string;
  modes: ShownMode[];
  /** What is taken where no model is named. */
  default?: true;
}

export interface ShownMode {
  mode: KlingGenerationMode;
  endpointId: string;
  /** Seconds. */
  durations: readonly number[];
  audio: KlingRow["audio"];
  lastFrame: boolean;
  negativePrompt: boolean;
  cfgScale: boolean;
  shots: boolean;
  image: ImageLimits;
  /** One price, or one without and one with sound. */
  prices: { audio?: boolean; usdPerSecond: number }[];
}

/** The rows that are offered, by model. */
export function showModels(offered: readonly KlingRow[]): ShownModel[] {
  return modelsOf(offered).map((id) => ({
    id,
    name: titleOf(id),
    modes: offered.filter(({ model }) => model === id).map(showMode),
    ...(id === defaultModel(offered) && { default: true as const }),
  }));
}

function showMode(row: KlingRow): ShownMode {
  const { mode, endpointId, durations, audio, inputFields, image, resolution } = row;
  return {
    mode,
    endpointId,
    durations,
    audio,
    lastFrame: inputFields.tail_image_url !== undefined,
    negativePrompt: inputFields.negative_prompt !== undefined,
    cfgScale: inputFields.cfg_scale !== undefined,
    shots: inputFields.shots !== undefined,
    image,
    prices: soundsOf(row).map((withSound) => ({
      ...(audio !== "none" && { audio: withSound }),
      usdPerSecond: row.priceMills({ seconds: 1, audio: withSound, resolution }) / 1000,
    })),
  };
}
