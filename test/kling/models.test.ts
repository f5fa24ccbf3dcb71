// The catalogue against a second reading of fal's pages, written out here: endpoint, fields, lengths, sound and price of every row.
import { describe, expect, it } from "vitest";
import { NotOfferedError } from "../../shared/kling/errors.ts";
import { klingInput, klingModel, namesIn, offeredRows, unknownNames } from "../../shared/kling/catalogue.ts";
import { choose, type Asked } from "../../shared/kling/choice.ts";
import { KLING_MODELS, type KlingRequest } from "../../shared/kling/models.ts";
import { estimatedCostUsd } from "../../shared/kling/price.ts";

interface Reading {
  endpoint: string;
  /** Field of the first frame, of the last. */
  frames: [first: string, last?: string];
  seconds: [first: number, last: number];
  fields: string[];
  /** Dollars of the shortest and the longest, silent and with sound. */
  silent?: [number, number];
  sound?: [number, number];
}

const AI = "fal-ai/kling-video";
const BOTH = ["negative_prompt", "cfg_scale"];
const READINGS: Record<string, Reading> = {
  "kling-2.1/standard": {
    endpoint: `${AI}/v2.1/standard/image-to-video`,
    frames: ["image_url"],
    seconds: [5, 10],
    fields: BOTH,
    silent: [0.28, 0.56],
  },
  "kling-2.1/pro": {
    endpoint: `${AI}/v2.1/pro/image-to-video`,
    frames: ["image_url", "tail_image_url"],
    seconds: [5, 10],
    fields: BOTH,
    silent: [0.49, 0.98],
  },
  "kling-2.1/master": {
    endpoint: `${AI}/v2.1/master/image-to-video`,
    frames: ["image_url"],
    seconds: [5, 10],
    fields: BOTH,
    silent: [1.4, 2.8],
  },
  "kling-2.5-turbo/standard": {
    endpoint: `${AI}/v2.5-turbo/standard/image-to-video`,
    frames: ["image_url"],
    seconds: [5, 10],
    fields: BOTH,
    silent: [0.21, 0.42],
  },
  "kling-2.5-turbo/pro": {
    endpoint: `${AI}/v2.5-turbo/pro/image-to-video`,
    frames: ["image_url", "tail_image_url"],
    seconds: [5, 10],
    fields: BOTH,
    silent: [0.35, 0.7],
  },
  "kling-2.6/pro": {
    endpoint: `${AI}/v2.6/pro/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [5, 10],
    fields: ["negative_prompt", "generate_audio"],
    silent: [0.35, 0.7],
    sound: [0.7, 1.4],
  },
  "kling-3/standard": {
    endpoint: `${AI}/v3/standard/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [3, 15],
    fields: [...BOTH, "generate_audio"],
    silent: [0.252, 1.26],
    sound: [0.378, 1.89],
  },
  "kling-3/pro": {
    endpoint: `${AI}/v3/pro/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [3, 15],
    fields: [...BOTH, "generate_audio"],
    silent: [0.336, 1.68],
    sound: [0.504, 2.52],
  },
  "kling-3-turbo/standard": {
    endpoint: `${AI}/v3/turbo/standard/image-to-video`,
    frames: ["image_url"],
    seconds: [3, 15],
    fields: [],
    sound: [0.336, 1.68],
  },
  "kling-3-turbo/pro": {
    endpoint: `${AI}/v3/turbo/pro/image-to-video`,
    frames: ["image_url"],
    seconds: [3, 15],
    fields: [],
    sound: [0.42, 2.1],
  },
  "kling-o1/standard": {
    endpoint: `${AI}/o1/standard/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [3, 10],
    fields: [],
    silent: [0.252, 0.84],
  },
  "kling-o1/pro": {
    endpoint: `${AI}/o1/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [3, 10],
    fields: [],
    silent: [0.336, 1.12],
  },
  "kling-o3/standard": {
    endpoint: `${AI}/o3/standard/image-to-video`,
    frames: ["image_url", "end_image_url"],
    seconds: [3, 15],
    fields: ["generate_audio"],
    silent: [0.252, 1.26],
    sound: [0.336, 1.68],
  },
  "kling-o3/pro": {
    endpoint: `${AI}/o3/pro/image-to-video`,
    frames: ["image_url", "end_image_url"],
    seconds: [3, 15],
    fields: ["generate_audio"],
    silent: [0.336, 1.68],
    sound: [0.42, 2.1],
  },
  "kling-4/pro": {
    endpoint: `${AI}/v4/image-to-video`,
    frames: ["start_image_url", "end_image_url"],
    seconds: [3, 30],
    fields: ["resolution"],
    sound: [0.471, 4.71],
  },
};

const EVERYTHING: KlingRequest = {
  prompt: "p",
  image_url: "https://i.example/i.jpg",
  duration: "5",
  negative_prompt: "n",
  cfg_scale: 0.3,
  tail_image_url: "https://i.example/t.jpg",
  aspect_ratio: "16:9",
};

const rowOf = (name: string) => {
  const [model = "", mode = ""] = name.split("/");
  return klingModel(model, mode);
};
const wish = (of: Partial<Asked>): Asked => ({ context: "The waves roll in.", ...of });
const faultsOf = (of: Partial<Asked>, offered = KLING_MODELS) => {
  try {
    choose(offered, wish(of));
    return [];
  } catch (error) {
    if (error instanceof NotOfferedError) return error.details.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
};

describe("the catalogue", () => {
  it("has every row that was read, and no other", () => {
    expect(namesIn(KLING_MODELS)).toEqual(Object.keys(READINGS));
  });

  it.each(Object.entries(READINGS))("sends %s what fal's page of it has, and nothing else", (name, reading) => {
    const row = rowOf(name);
    const { frames, fields, seconds } = reading;
    const [first, last] = frames;
    expect(row.endpointId).toBe(reading.endpoint);
    expect([row.durations[0], row.durations.at(-1)]).toEqual(seconds);
    const input = klingInput(EVERYTHING, row);
    const names = ["prompt", "duration", first, ...(last === undefined ? [] : [last]), ...fields];
    expect(Object.keys(input).sort()).toEqual(names.sort());
    expect(input).toMatchObject({ prompt: "p", duration: "5", [first]: "https://i.example/i.jpg" });
    if (last !== undefined) expect(input[last]).toBe("https://i.example/t.jpg");
  });

  it.each(Object.entries(READINGS))("prices %s to the tenth of a cent", (name, { seconds, silent, sound }) => {
    const row = rowOf(name);
    const cost = (audio: boolean) => seconds.map((it) => estimatedCostUsd(row, { duration: String(it), audio }));
    if (silent) expect(cost(false)).toEqual(silent);
    if (sound) expect(cost(true)).toEqual(sound);
    expect(row.audio).toBe(silent ? (sound ? "optional" : "none") : "always");
  });

  it("tells fal in so many words that there shall be no sound, where fal can be told", () => {
    for (const row of KLING_MODELS.filter((it) => it.audio === "optional")) {
      expect(klingInput(EVERYTHING, row)["generate_audio"]).toBe(false);
      expect(klingInput({ ...EVERYTHING, audio: true }, row)["generate_audio"]).toBe(true);
    }
  });

  it("sends shots instead of a prompt", () => {
    const shots = [
      { prompt: "a", duration: "2" },
      { prompt: "b", duration: "3" },
    ];
    expect(klingInput({ prompt: "p", image_url: "u", duration: "5", shots }, klingModel("kling-3", "pro"))).toEqual({
      multi_prompt: shots,
      shot_type: "customize",
      duration: "5",
      generate_audio: false,
      start_image_url: "u",
    });
    expect(
      klingInput({ prompt: "p", image_url: "u", duration: "5", shots }, klingModel("kling-3-turbo", "pro")),
    ).toEqual({ multi_prompt: shots, duration: "5", image_url: "u" });
    const none = klingInput({ prompt: "p", image_url: "u", duration: "5", shots: [] }, klingModel("kling-3", "pro"));
    expect(none).toMatchObject({ prompt: "p" });
    expect(none).not.toHaveProperty("shot_type");
  });
});

describe("a wish", () => {
  const chosen = (of: Partial<Asked>, offered = offeredRows(undefined)) => {
    const { row, ...rest } = choose(offered, wish(of));
    return { name: `${row.model}/${row.mode}`, ...rest };
  };

  it("without a model is for kling-2.1 in standard, five seconds, silent", () => {
    expect(chosen({})).toEqual({ name: "kling-2.1/standard", duration: "5", audio: false, shots: undefined });
  });

  it("without a mode is for the model's first", () => {
    expect(chosen({ model: "kling-2.6" })).toMatchObject({ name: "kling-2.6/pro" });
    expect(chosen({ model: "kling-3" })).toMatchObject({ name: "kling-3/standard" });
  });

  it("without a model is for the first that is offered, where kling-2.1 is not", () => {
    expect(chosen({}, offeredRows(["kling-o1/pro", "kling-3/pro"]))).toMatchObject({ name: "kling-3/pro" });
  });

  it("for a model that always has sound has it", () => {
    expect(chosen({ model: "kling-3-turbo" })).toMatchObject({ audio: true });
    expect(chosen({ model: "kling-3-turbo", audio: true })).toMatchObject({ audio: true });
  });

  it("with shots is as long as they are together", () => {
    const shots = [
      { prompt: "a", duration: "4" },
      { prompt: "b", duration: "8" },
    ];
    expect(chosen({ model: "kling-3", shots })).toMatchObject({ duration: "12", shots });
    expect(chosen({ model: "kling-3", shots, duration: "12" })).toMatchObject({ duration: "12" });
    expect(chosen({ shots: [] })).toMatchObject({ duration: "5", shots: undefined });
  });

  const shot = (duration: string) => ({ prompt: "a", duration });
  it.each<[string, Partial<Asked>, string[]]>([
    [
      "a model that there is not",
      { model: "kling-9" },
      [expect.stringMatching(/^model must be "kling-2.1", .* or "kling-o3"$/)],
    ],
    ["a model that is off", { model: "kling-4" }, [expect.stringMatching(/^model must be/)]],
    ["a mode that it has not", { model: "kling-2.6", mode: "standard" }, ['mode must be "pro" with model kling-2.6']],
    ["7 s of kling-2.1", { duration: "7" }, ['duration must be "5" or "10" with kling-2.1 standard']],
    ["2 s of kling-3", { model: "kling-3", duration: "2" }, ['duration must be "3" to "15" with kling-3 standard']],
    ["sound of kling-2.1", { audio: true }, ["audio must be false or left out: kling-2.1 standard has no sound"]],
    [
      "no sound of kling-3-turbo",
      { model: "kling-3-turbo", audio: false },
      ["audio must be true or left out: kling-3-turbo standard always has sound"],
    ],
    ["a last frame of kling-2.1", { tailImageUrl: "u" }, ["tailImageUrl is not possible with kling-2.1 standard"]],
    [
      "everything of kling-3-turbo",
      { model: "kling-3-turbo", tailImageUrl: "u", negativePrompt: "n", cfgScale: 0 },
      [
        "tailImageUrl is not possible with kling-3-turbo standard",
        "negativePrompt is not possible with kling-3-turbo standard",
        "cfgScale is not possible with kling-3-turbo standard",
      ],
    ],
    ["cfg of kling-2.6", { model: "kling-2.6", cfgScale: 0.5 }, ["cfgScale is not possible with kling-2.6 pro"]],
    ["shots of kling-o1", { model: "kling-o1", shots: [shot("5")] }, ["shots are not possible with kling-o1 standard"]],
    [
      "seven shots",
      { model: "kling-3", shots: Array.from({ length: 7 }, () => shot("1")) },
      ["shots must be at most 6 with kling-3 standard"],
    ],
    [
      "shots of another sum",
      { model: "kling-3", shots: [shot("2"), shot("3")], duration: "6" },
      ['duration must be the sum of the shots, "5", or be left out'],
    ],
    [
      "shots too long together",
      { model: "kling-3", shots: [shot("10"), shot("6")] },
      ['shots add up to 16 seconds, and their sum must be "3" to "15" with kling-3 standard'],
    ],
    [
      "shots and a last frame",
      { model: "kling-3", shots: [shot("5")], tailImageUrl: "u" },
      ["tailImageUrl is not possible together with shots"],
    ],
  ])("for %s is refused with what is possible", (_what, of, faults) => {
    expect(faultsOf(of, offeredRows(undefined))).toEqual(faults);
  });
});

describe("what is offered", () => {
  it("is all that the catalogue offers by itself, unless names are given", () => {
    expect(namesIn(offeredRows(undefined))).not.toContain("kling-4/pro");
    expect(namesIn(offeredRows(["kling-4", "kling-2.1/pro"]))).toEqual(["kling-2.1/pro", "kling-4/pro"]);
  });

  it("knows which names there are not", () => {
    expect(unknownNames(["kling-3", "kling-3/pro", "kling-3/master", "kling-9", ""])).toEqual([
      "kling-3/master",
      "kling-9",
      "",
    ]);
  });
});
