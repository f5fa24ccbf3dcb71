// The form that starts a generation: a picture, words, a mode and a length, with the price on the button.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { enhanceMedia, newIdempotencyKey } from "../../../shared/client/calls.ts";
import type { EnhanceRequest, MediaSpace } from "../../../shared/client/contract.ts";
import { ApiError, isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { formatFault, PictureField, type Picture } from "./picture.tsx";
import type { Planning } from "./use-planning.ts";
import { budgetLine, dollars, DURATIONS, MODES, span, type Duration, type Format, type Mode } from "./words.ts";

/** What a finished one hands over to be tried again. */
export interface Draft {
  words: string;
  mode: Mode;
  duration: Duration;
  format: Format;
}

const WORDS_MAX = 2500;

interface Props {
  spaceId: string;
  connection: Connection;
  planning: Planning;
  draft: Draft | undefined;
  onStarted: (item: MediaSpace, preview: string) => void;
}

export function Composer({ spaceId, connection, planning, draft, onStarted }: Props) {
  const [picture, setPicture] = useState<Picture>();
  const [format, setFormat] = useState<Format>("16:9");
  const [words, setWords] = useState("");
  const [mode, setMode] = useState<Mode>("standard");
  const [duration, setDuration] = useState<Duration>("5");
  const [negativePrompt, setNegativePrompt] = useState("");
  const [cfgScale, setCfgScale] = useState(0.5);
  const [tailImageUrl, setTailImageUrl] = useState("");
  const [busy, setBusy] = useState(false);
  const [faults, setFaults] = useState<string[]>([]);
  const textarea = useRef<HTMLTextAreaElement>(null);
  const id = useId();

  useEffect(() => {
    if (!draft) return;
    setWords(draft.words);
    setMode(draft.mode);
    setDuration(draft.duration);
    setFormat(draft.format);
    textarea.current?.focus();
  }, [draft]);

  const price = planning.price(mode, duration);
  const timing = planning.timing(mode, duration);
  const budget = planning.budget && budgetLine(planning.budget);
  const request = (link: string): EnhanceRequest => ({
    spaceId,
    type: "video",
    context: words,
    mediaSpace: { media: { name: nameOf(words), image: { link } } },
    mode,
    duration,
    ...(format !== "as it is" && { aspectRatio: format }),
    ...(negativePrompt.trim() && { negativePrompt }),
    ...(cfgScale !== 0.5 && { cfgScale }),
    ...(mode === "pro" && tailImageUrl.trim() && { tailImageUrl: tailImageUrl.trim() }),
  });

  // One key for one wish: pressed twice, or once more after a lost answer, it starts one generation.
  const attempt = useRef({ body: "", key: "" });
  const ratioFault = picture && formatFault(picture, format);
  const missing = [
    ...(picture ? [] : ["Choose a picture first."]),
    ...(picture?.state === "checking" ? ["The picture is still being checked."] : []),
    ...(picture?.fault === undefined ? [] : [picture.fault]),
    ...(ratioFault === undefined ? [] : [ratioFault]),
    ...(words.trim() === "" ? ["Say what shall happen in the video."] : []),
  ];

  const start = async (event: Event) => {
    event.preventDefault();
    if (busy) return;
    setFaults(missing);
    if (missing.length > 0 || !picture?.link) return;
    const body = request(picture.link);
    const asText = JSON.stringify(body);
    if (attempt.current.body !== asText) attempt.current = { body: asText, key: newIdempotencyKey() };
    setBusy(true);
    try {
      const { mediaSpace } = await enhanceMedia(body, { ...connection, idempotencyKey: attempt.current.key });
      attempt.current = { body: "", key: "" };
      onStarted(mediaSpace, picture.preview);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      const details = error instanceof ApiError ? (error.details ?? []) : [];
      setFaults([error.message, ...details.map(({ path, message }) => `${path}: ${message}`)]);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form class="composer" onSubmit={(event) => void start(event)} aria-labelledby={`${id}-title`} noValidate>
      <h1 id={`${id}-title`}>Animate a picture</h1>
      <PictureField
        connection={connection}
        picture={picture}
        format={format}
        onPicture={setPicture}
        onFormat={setFormat}
      />
      {ratioFault && <p class="fault">{ratioFault}</p>}

      <div class="field">
        <label for={`${id}-words`}>What happens in it?</label>
        <textarea
          id={`${id}-words`}
          ref={textarea}
          rows={2}
          maxLength={WORDS_MAX}
          placeholder="The waves roll in, slow camera pan to the right"
          value={words}
          onInput={({ currentTarget }) => setWords(currentTarget.value)}
        />
        {words.length > WORDS_MAX * 0.8 && <p class="count">{`${WORDS_MAX - words.length} characters left`}</p>}
      </div>

      <fieldset class="modes">
        <legend>Mode</legend>
        {MODES.map(({ mode: it, name, says }) => {
          const usd = planning.price(it, duration);
          return (
            <label key={it} title={says}>
              <input
                type="radio"
                name="mode"
                checked={mode === it}
                aria-describedby={mode === it ? `${id}-mode` : undefined}
                onChange={() => setMode(it)}
              />
              <span class="mode">
                <b>{name}</b>
                <span class="price">{usd === undefined ? "" : dollars(usd)}</span>
              </span>
            </label>
          );
        })}
        <p id={`${id}-mode`} class="note">
          {MODES.find((it) => it.mode === mode)?.says}
        </p>
      </fieldset>

      <fieldset class="segments">
        <legend>Length</legend>
        {DURATIONS.map((it) => (
          <label key={it}>
            <input type="radio" name="duration" checked={duration === it} onChange={() => setDuration(it)} />
            <span>{`${it} seconds`}</span>
          </label>
        ))}
      </fieldset>

      <details>
        <summary>More settings</summary>
        <div class="field">
          <label for={`${id}-not`}>What shall not be in it</label>
          <input
            id={`${id}-not`}
            value={negativePrompt}
            maxLength={WORDS_MAX}
            placeholder="blur, distortion"
            onInput={({ currentTarget }) => setNegativePrompt(currentTarget.value)}
          />
        </div>
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
            onInput={({ currentTarget }) => setCfgScale(Number(currentTarget.value))}
          />
        </div>
        {mode === "pro" && (
          <div class="field">
            <label for={`${id}-tail`}>A link to the last frame</label>
            <input
              id={`${id}-tail`}
              type="url"
              placeholder="https://"
              value={tailImageUrl}
              onInput={({ currentTarget }) => setTailImageUrl(currentTarget.value)}
            />
          </div>
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
        <button class="primary" aria-disabled={busy}>
          {busy ? "Starting..." : "Animate"}
          {price !== undefined && <span class="price">{dollars(price)}</span>}
        </button>
        <p class="estimate">
          {timing
            ? `Usually ready within ${span(timing.p50Seconds)}, nine of ten within ${span(timing.p90Seconds)}.`
            : "How long it takes is told after five of this kind."}
        </p>
        {budget && <p class="estimate">{budget}</p>}
      </div>
    </form>
  );
}

/** The first words, as a title. */
function nameOf(words: string): string {
  const short = words.trim().replace(/\s+/g, " ");
  return short.length <= 60 ? short : `${short.slice(0, 57).replace(/\s\S*$/, "")}...`;
}
