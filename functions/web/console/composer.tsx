// The form that starts a generation: a picture, words, a mode and a length, with the price on the button.
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { enhanceMedia } from "../../../shared/client/calls.ts";
import type { EnhanceRequest, MediaSpace } from "../../../shared/client/contract.ts";
import { ApiError, isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { oneWish } from "../../../shared/client/wish.ts";
import { abilityOf, formatOf, lengthOf, possible, requestOf, useDraft, type Draft } from "./draft.ts";
import { LastFrame } from "./last-frame.tsx";
import { ModelFields } from "./model-fields.tsx";
import { PictureField } from "./picture.tsx";
import { Shots } from "./shots.tsx";
import type { Planning } from "./use-planning.ts";
import { budgetLine, priceTag, ratioFault, span } from "./words.ts";

const WORDS_MAX = 2500;
/** A double press comes within this; and the button shows for this long that a start is under way. */
const UNDER_WAY_MS = 1000;

interface Props {
  spaceId: string;
  connection: Connection;
  planning: Planning;
  /** A finished generation, to be tried once more. */
  again: Partial<Draft> | undefined;
  onStarted: (item: MediaSpace, preview: string) => void;
}

export function Composer({ spaceId, connection, planning, again, onStarted }: Props) {
  const [wished, change] = useDraft(spaceId, again);
  const draft = useMemo(() => possible(wished, planning.models), [wished, planning.models]);
  const { picture, words, negativePrompt, cfgScale } = draft;
  const able = abilityOf(draft, planning.models);
  const [isUnderWay, setIsUnderWay] = useState(false);
  const [wasPressed, setWasPressed] = useState(false);
  const [refusal, setRefusal] = useState<{ of: Draft; says: string[] }>();
  const textarea = useRef<HTMLTextAreaElement>(null);
  const id = useId();

  useEffect(() => {
    if (again) textarea.current?.focus();
  }, [again]);

  const start = useMemo(
    () =>
      oneWish((body: EnhanceRequest, idempotencyKey) => enhanceMedia(body, { ...connection, idempotencyKey }), {
        storage: sessionStorage,
      }),
    [connection],
  );
  // Visible to the second press too, which may come before the first has been drawn.
  const underWay = useRef(false);
  const missing = missingIn(draft, able?.durations);
  // A missing field is named after the first press and until it is filled; a refusal belongs to the draft that was sent.
  const faults = wasPressed && missing.length > 0 ? missing : refusal?.of === draft ? refusal.says : [];

  const press = async () => {
    if (underWay.current) return;
    setWasPressed(true);
    setRefusal(undefined);
    if (missing.length > 0 || picture?.link === undefined) return;
    underWay.current = true;
    setIsUnderWay(true);
    const shown = new Promise((resolve) => setTimeout(resolve, UNDER_WAY_MS));
    try {
      const { mediaSpace } = await start(requestOf(spaceId, draft, picture.link, able));
      setWasPressed(false);
      onStarted(mediaSpace, picture.preview);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setRefusal({ of: draft, says: refusalOf(error) });
    } finally {
      await shown;
      underWay.current = false;
      setIsUnderWay(false);
    }
  };

  const usd = planning.price(draft);
  const timing = planning.timing(draft);
  const budget = planning.budget && budgetLine(planning.budget);
  return (
    // Enter in a field buys nothing: only the button does, and Ctrl+Enter in the words.
    <form class="composer" onSubmit={(event) => event.preventDefault()} aria-labelledby={`${id}-title`} noValidate>
      <h1 id={`${id}-title`}>Animate a picture</h1>
      <PictureField connection={connection} draft={draft} onChange={change} />

      <div class="field">
        <label for={`${id}-words`}>Describe what should happen</label>
        <textarea
          id={`${id}-words`}
          ref={textarea}
          rows={2}
          dir="auto"
          maxLength={WORDS_MAX}
          placeholder="The waves roll in, slow camera pan to the right"
          aria-keyshortcuts="Control+Enter Meta+Enter"
          value={words}
          onInput={({ currentTarget }) => change({ words: currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.repeat) void press();
          }}
        />
        {words.length > WORDS_MAX * 0.8 && <p class="count">{`${WORDS_MAX - words.length} characters left`}</p>}
      </div>

      <ModelFields planning={planning} draft={draft} onChange={change} />
      {able?.shots && <Shots shots={draft.shots} onChange={change} />}

      <details>
        <summary>More settings</summary>
        {able?.negativePrompt !== false && (
          <div class="field">
            <label for={`${id}-not`}>What should not appear</label>
            <input
              id={`${id}-not`}
              dir="auto"
              value={negativePrompt}
              maxLength={WORDS_MAX}
              placeholder="blur, distortion"
              onInput={({ currentTarget }) => change({ negativePrompt: currentTarget.value })}
            />
          </div>
        )}
        {able?.cfgScale !== false && (
          <div class="field">
            <label for={`${id}-cfg`}>
              How closely it follows the words: <output>{cfgScale.toFixed(1)}</output>
            </label>
            <input
              id={`${id}-cfg`}
              type="range"
              min="0"
              max="1"
              step="0.1"
              value={cfgScale}
              onInput={({ currentTarget }) => change({ cfgScale: Number(currentTarget.value) })}
            />
          </div>
        )}
        {able?.lastFrame && draft.shots.length === 0 && (
          <LastFrame connection={connection} draft={draft} onChange={change} />
        )}
      </details>

      <div class="go">
        <div role="alert">
          {faults.length > 0 && (
            <ul class="fault">
              {faults.map((fault) => (
                <li key={fault}>{fault}</li>
              ))}
            </ul>
          )}
        </div>
        <button
          type="button"
          class="primary"
          aria-disabled={isUnderWay}
          onClick={() => void press()}
          // A key that is held down presses a button again and again.
          onKeyDown={(event) => event.repeat && event.preventDefault()}
        >
          {isUnderWay ? "Starting..." : "Animate"}
          {usd !== undefined && <span class="price">{priceTag(usd, planning.testMode)}</span>}
        </button>
        <p class="estimate">
          {timing
            ? `Ready in about ${span(timing.p50Seconds)} (9 of 10 within ${span(timing.p90Seconds)}).`
            : planning.testMode
              ? "Ready in about 25 s."
              : "Ready in a few minutes."}
          {budget && ` ${budget}`}
          {budget && planning.testMode && " Test mode counts against it, and nothing is billed."}
        </p>
      </div>
    </form>
  );
}

function missingIn(draft: Draft, lengths: number[] = []): string[] {
  const { picture, words, tail, shots } = draft;
  const together = lengthOf(shots);
  const isTooLong = picture?.size && formatOf(draft) === "as it is" ? ratioFault(picture.size) : undefined;
  return [
    ...(picture ? [] : ["Choose a picture first."]),
    ...(picture?.state === "checking" ? ["The picture is still being checked."] : []),
    ...(picture?.fault === undefined ? [] : ["This picture cannot be used: choose another."]),
    ...(isTooLong === undefined ? [] : ["Choose a format for this picture."]),
    ...(words.trim() === "" ? ["Describe what should happen in the video."] : []),
    ...(tail?.state === "checking" ? ["The last frame is still being checked."] : []),
    ...(tail?.fault === undefined ? [] : ["This last frame cannot be used: choose another, or remove it."]),
    ...(shots.some(({ prompt }) => prompt.trim() === "") ? ["Describe each of the shots, or remove it."] : []),
    ...(shots.length > 0 && !lengths.includes(together)
      ? [`The shots last ${together} s together; this mode makes ${lengths[0] ?? 0} to ${lengths.at(-1) ?? 0} s.`]
      : []),
  ];
}

function refusalOf(error: Error): string[] {
  if (!(error instanceof ApiError)) return [`${error.message} Press again: it starts one video, not two.`];
  if (error.code === "upload_not_found") return ["The uploaded picture has expired. Choose it again."];
  return [error.message, ...(error.details ?? []).map(({ path, message }) => `${path}: ${message}`)];
}
