// One generation: its real progress, its video once there is one, and what went wrong if something did.
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { IMedia, MediaSpace } from "../../../shared/client/contract.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { Cancel, Delete, Download } from "./actions.tsx";
import { pathTo, type Address } from "./address.ts";
import { draftOf, type Draft } from "./draft.ts";
import { Star } from "./icons.tsx";
import { Progress } from "./progress.tsx";
import { Poster } from "./screen.tsx";
import type { Planning } from "./use-planning.ts";
import { dollars, modelWords, modeWords, moment, span, statusOf } from "./words.ts";

/** What a card, or a video's page, asks of the page around it. The same functions at each drawing. */
export interface Doings {
  onChanged: (item: MediaSpace) => void;
  onDeleted: (item: MediaSpace) => void;
  onStale: (item: MediaSpace) => Promise<MediaSpace>;
  onReuse: (draft: Draft) => void;
  /** Fills the form with a picture of ours; starts nothing. */
  onSample: () => Promise<void>;
  onSay: (words: string) => void;
  onOpen: (item: MediaSpace) => void;
  onChoose: (item: MediaSpace, isChosen: boolean) => void;
  onFavourite: (item: MediaSpace, isFavourite: boolean) => void;
}

interface Props {
  item: MediaSpace;
  address: Address;
  preview: string | undefined;
  connection: Connection;
  planning: Planning;
  isFavourite: boolean;
  /** Undefined where nothing is being chosen. */
  isChosen: boolean | undefined;
  doings: Doings;
}

export function Card({ item, address, preview, connection, planning, isFavourite, isChosen, doings }: Props) {
  const { media } = item;
  const card = useRef<HTMLLIElement>(null);
  useSaid(media, doings.onSay);
  const holdFocus = useFocusKept(card);
  // One of five hundred: it is drawn anew only when something of its own has changed.
  return useMemo(() => {
    const isRunning = media.generationStatus === "generating-video";
    const { onChanged, onDeleted, onStale, onReuse, onSay, onOpen, onChoose, onFavourite } = doings;
    return (
      <li
        ref={card}
        class={`card ${media.generationStatus} ${isChosen ? "chosen" : ""}`}
        data-media={item.id}
        tabIndex={-1}
        onFocusIn={holdFocus}
        aria-labelledby={`${item.id}-words`}
      >
        <div class="card-top">
          <Poster
            item={item}
            preview={preview}
            onStale={onStale}
            href={pathTo({ ...address, media: item.id })}
            onOpen={() => (isChosen === undefined ? onOpen(item) : onChoose(item, !isChosen))}
          />
          {isChosen !== undefined && (
            <input
              type="checkbox"
              class="choose"
              aria-label={`Choose: ${media.context || media.name}`}
              checked={isChosen}
              onChange={({ currentTarget }) => onChoose(item, currentTarget.checked)}
            />
          )}
          <button
            type="button"
            class="star"
            aria-pressed={isFavourite}
            aria-label="Favourite"
            title={isFavourite ? "A favourite, kept in this browser" : "Make it a favourite, kept in this browser"}
            onClick={() => onFavourite(item, !isFavourite)}
          >
            <Star />
          </button>
        </div>
        <div class="card-body">
          <p class="status">
            <span class={`dot ${media.phase ?? media.generationStatus}`} aria-hidden="true" />
            {statusOf(media)}
          </p>
          <p id={`${item.id}-words`} class="words" title={media.context} dir="auto">
            {media.context || media.name}
          </p>
          {isRunning && <Progress media={media} planning={planning} />}
          {media.error && (
            <p class="error">
              {media.error.message} <code>{media.error.code}</code>
            </p>
          )}
          {media.description.map(({ start, text }) => (
            <p key={start} class="description" dir="auto" title={text}>
              {text}
            </p>
          ))}
          <p class="facts">
            {factsOf(media, planning.testMode).map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
          </p>
          <div class="card-actions">
            {isRunning && media.phase !== undefined && (
              <Cancel item={item} connection={connection} onChanged={onChanged} onSay={onSay} />
            )}
            {media.video && <Download item={item} onStale={onStale} onSay={onSay} />}
            {!isRunning && media.generationMode && (
              <button type="button" class="quiet" onClick={() => onReuse(draftOf(media))}>
                Use again
              </button>
            )}
            {isDeletable(item) && <Delete item={item} connection={connection} onDeleted={onDeleted} onSay={onSay} />}
          </div>
        </div>
      </li>
    );
  }, [item, address, preview, connection, planning, isFavourite, isChosen, doings]);
}

/** Whether it is at an end, its description too: before, the API refuses. */
export function isDeletable({ media }: MediaSpace): boolean {
  return (
    media.generationStatus !== "generating-video" && media.phase !== undefined && media.analysisStatus !== "pending"
  );
}

/** Screen readers announce each end once. */
function useSaid({ generationStatus, context, error }: IMedia, onSay: (words: string) => void) {
  const before = useRef(generationStatus);
  useEffect(() => {
    if (before.current === generationStatus) return;
    before.current = generationStatus;
    const which = context.length > 60 ? `${context.slice(0, 60)}...` : context;
    if (generationStatus === "completed") onSay(`The video is ready: ${which}`);
    if (generationStatus === "failed") onSay(`The generation failed: ${error?.message ?? which}`);
    if (generationStatus === "canceled") onSay(`Canceled: ${which}`);
  }, [generationStatus, context, error, onSay]);
}

/** The focused button may vanish with its own action: then the card takes the focus, and not the page. */
function useFocusKept(card: { current: HTMLLIElement | null }) {
  const focused = useRef<Element>(null);
  useLayoutEffect(() => {
    const isLost = focused.current?.isConnected === false && document.activeElement === document.body;
    if (isLost) card.current?.focus({ preventScroll: true });
  });
  return ({ target }: FocusEvent) => {
    if (target instanceof Element) focused.current = target;
  };
}

/** What a card says in one line. */
function factsOf(media: IMedia, testMode: boolean): string[] {
  const { model, generationMode, duration, video, createdAt, completedAt } = media;
  const facts = [
    moment(createdAt),
    [modelWords(model), generationMode && modeWords(generationMode).name].filter(Boolean).join(", "),
    media.audio ? "with sound" : undefined,
    video?.durationInSeconds ? `${Math.round(video.durationInSeconds)} s` : `${duration} s`,
    video?.width && video.height ? `${video.width} × ${video.height}` : undefined,
    costOf(media, testMode),
    completedAt && `took ${span((Date.parse(completedAt) - Date.parse(createdAt)) / 1000)}`,
  ];
  return facts.filter((fact) => fact !== undefined);
}

/**
 * What fal has billed, or else what it will. What never reached fal costs nothing, nor does what was made in test mode;
 * what fal was asked to stop is not charged unless fal bills it anyway.
 */
function costOf(media: IMedia, testMode: boolean): string | undefined {
  const { generationStatus, requestId, error, cost } = media;
  if (media.testMode || (testMode && requestId === undefined)) {
    return `test mode: nothing ${generationStatus === "generating-video" ? "is" : "was"} billed`;
  }
  const hasEnded = generationStatus === "failed" || generationStatus === "canceled";
  const neverReachedFal = requestId === undefined && error?.code !== "submit_outcome_unknown";
  if (hasEnded && !cost.charged) return neverReachedFal ? "nothing was billed" : "not charged";
  const usd = cost.billedUsd ?? cost.estimatedUsd;
  return usd === 0 ? undefined : dollars(usd);
}
