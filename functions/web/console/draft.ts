// The draft of a request: kept through a reload, filled from a finished generation, and made into a request.
import { useEffect, useRef, useState } from "preact/hooks";
import type { EnhanceRequest, IMedia, Models } from "../../../shared/client/contract.ts";
import { nearestFormat, ratioFault, ratioOf, type Duration, type Format, type Mode } from "./words.ts";

/** What the composer knows of the picture. */
export interface Picture {
  /** For the browser to show: a file of this disk, or a link of the web. */
  preview: string;
  /** For the request; undefined while it is uploading or when it cannot be used. */
  link: string | undefined;
  size: { width: number; height: number } | undefined;
  name: string;
  state: "checking" | "ready" | "refused" | "linked";
  fault?: string;
  /** The preview as a `data:` URI: a reload takes the browser's own link to a file away. */
  thumbnail?: string;
  /** The preview is the picture as an earlier request cropped it. */
  isCut?: boolean;
}

export interface Draft {
  picture: Picture | undefined;
  /** What stands in the field for a link, whether it is one yet or not. */
  link: string;
  /** Undefined until the user chooses one: the picture decides. */
  format: Format | undefined;
  words: string;
  /** Empty: the default of the deployment. */
  model: string;
  mode: Mode;
  duration: Duration;
  audio: boolean;
  negativePrompt: string;
  cfgScale: number;
  /** The link to a last frame, as it stands in its field. */
  tailImageUrl: string;
  /** A last frame by upload; then the field for its link is away. */
  tail: Picture | undefined;
  /** Empty: the words alone. */
  shots: { prompt: string; duration: string }[];
}

/** Kling's own default (fal.ai model page). */
const CFG_SCALE = 0.5;

const EMPTY: Draft = {
  picture: undefined,
  link: "",
  format: undefined,
  words: "",
  model: "",
  mode: "standard",
  duration: "5",
  audio: false,
  negativePrompt: "",
  cfgScale: CFG_SCALE,
  tailImageUrl: "",
  tail: undefined,
  shots: [],
};

/**
 * The draft of this space, which a reload of this tab leaves alone: each change is kept as it is made, since a reload
 * right after the last key would come before the next drawing of the page.
 * @param again a finished one, to be tried once more
 */
export function useDraft(spaceId: string, again: Partial<Draft> | undefined) {
  const stored = `draft:${spaceId}`;
  const [draft, setDraft] = useState<Draft>(() => ({
    ...EMPTY,
    ...(JSON.parse(sessionStorage.getItem(stored) ?? "{}") as Partial<Draft>),
  }));
  const latest = useRef(draft);
  const change = (change: Partial<Draft>) => {
    const next = { ...latest.current, ...change };
    latest.current = next;
    setDraft(next);
    sessionStorage.setItem(
      stored,
      JSON.stringify({ ...next, picture: lasting(next.picture), tail: lasting(next.tail) }),
    );
  };
  useEffect(() => {
    if (again) change(again);
  }, [again]);
  return [draft, change] as const;
}

/** A picture as it is after a reload, without an upload that was under way. */
function lasting(picture: Picture | undefined): Picture | undefined {
  if (picture?.link === undefined) return undefined;
  return { ...picture, preview: picture.thumbnail ?? picture.preview };
}

/** The picture's own format where Kling takes it, else the format that crops the least. */
export function formatOf({ format, picture }: Draft): Format {
  if (format !== undefined) return format;
  return picture?.size && ratioFault(picture.size) ? nearestFormat(picture.size) : "as it is";
}

type Ability = Models[number]["modes"][number];

/** What the model and mode of a draft can do; undefined until the models are known. */
export function abilityOf({ model, mode }: Draft, models: Models | undefined): Ability | undefined {
  return models?.find(({ id }) => id === model)?.modes.find((it) => it.mode === mode);
}

/** The draft with an existing model, mode and length: those that were chosen, else the nearest. */
export function possible(draft: Draft, models: Models | undefined): Draft {
  const model = models?.find(({ id }) => id === draft.model) ?? models?.find((it) => it.default) ?? models?.[0];
  const able = model?.modes.find(({ mode }) => mode === draft.mode) ?? model?.modes[0];
  if (!model || !able) return draft;
  const wanted = Number(draft.duration);
  const seconds = able.durations.reduce((best, it) => (Math.abs(it - wanted) < Math.abs(best - wanted) ? it : best));
  const audio = able.audio === "always" || (able.audio === "optional" && draft.audio);
  // Shots have a length of their own each, and the video that of all of them.
  const shots = able.shots ? draft.shots : [];
  const duration = shots.length > 0 ? String(lengthOf(shots)) : String(seconds);
  return { ...draft, model: model.id, mode: able.mode, duration, audio, shots };
}

/** Seconds of all shots together. */
export function lengthOf(shots: Draft["shots"]): number {
  return shots.reduce((sum, { duration }) => sum + Number(duration), 0);
}

/** @param able what the draft's model can do: nothing else is asked for */
export function requestOf(spaceId: string, draft: Draft, link: string, able: Ability | undefined): EnhanceRequest {
  const { words, model, mode, duration, audio, negativePrompt, cfgScale, shots } = draft;
  const format = formatOf(draft);
  // A last frame and shots do not go together.
  const tailImageUrl = shots.length > 0 ? "" : (draft.tail?.link ?? draft.tailImageUrl.trim());
  return {
    spaceId,
    type: "video",
    context: words,
    mediaSpace: { media: { name: nameOf(words), image: { link } } },
    ...(model && { model }),
    mode,
    duration,
    ...(audio && { audio }),
    ...(format !== "as it is" && { aspectRatio: format }),
    ...(negativePrompt.trim() && able?.negativePrompt !== false && { negativePrompt }),
    ...(cfgScale !== CFG_SCALE && able?.cfgScale !== false && { cfgScale }),
    ...(able?.lastFrame && tailImageUrl && { tailImageUrl }),
    ...(shots.length > 0 && { shots }),
  };
}

/** Everything that was asked for, to be asked for again. */
export function draftOf(media: IMedia): Draft {
  const { context, model, generationMode, duration, audio, aspectRatio, negativePrompt, cfgScale } = media;
  const { tailImageUrl, shots } = media;
  const picture = pictureOf(media);
  return {
    picture,
    link: picture?.state === "linked" ? (picture.link ?? "") : "",
    format: aspectRatio ?? "as it is",
    words: context,
    model,
    mode: generationMode ?? EMPTY.mode,
    duration,
    audio: audio ?? EMPTY.audio,
    negativePrompt: negativePrompt ?? EMPTY.negativePrompt,
    cfgScale: cfgScale ?? EMPTY.cfgScale,
    ...tailOf(tailImageUrl),
    shots: shots ?? EMPTY.shots,
  };
}

function pictureOf({ image, aspectRatio }: IMedia): Picture | undefined {
  const link = image?.originalLink ?? image?.link;
  if (!image || link === undefined) return undefined;
  const { width, height } = image;
  const isOfWeb = /^https?:/i.test(link);
  // An upload is shown by its source image: the uploaded file has no address that a browser could open.
  const isCut = !isOfWeb && ratioOf(aspectRatio ?? "as it is") !== undefined;
  return {
    preview: isOfWeb ? link : image.link,
    link,
    size: !isCut && width && height ? { width, height } : undefined,
    name: "",
    state: isOfWeb ? "linked" : "ready",
    ...(isCut && { isCut }),
  };
}

/** An upload has no address that a browser could open: its last frame is there, and not shown. */
function tailOf(link = ""): Pick<Draft, "tail" | "tailImageUrl"> {
  if (link === "" || /^https?:/i.test(link)) return { tail: undefined, tailImageUrl: link };
  return { tail: { preview: "", link, size: undefined, name: "", state: "ready" }, tailImageUrl: "" };
}

/** The first words, as a title. */
function nameOf(words: string): string {
  const short = words.trim().replace(/\s+/g, " ");
  return short.length <= 60 ? short : `${short.slice(0, 57).replace(/\s\S*$/, "")}...`;
}
