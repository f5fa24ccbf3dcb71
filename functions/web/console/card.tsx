// One generation: its real progress, its video once there is one, and what went wrong if something did.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { cancelGeneration, deleteMedia } from "../../../shared/client/calls.ts";
import type { IMedia, MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { draftOf, type Draft } from "./draft.ts";
import type { Planning } from "./use-planning.ts";
import { dollars, moment, span, statusOf, stepOf, STEPS } from "./words.ts";

interface Props {
  item: MediaSpace;
  preview: string | undefined;
  connection: Connection;
  planning: Planning;
  onChanged: (item: MediaSpace) => void;
  onDeleted: (item: MediaSpace) => void;
  onStale: (item: MediaSpace) => Promise<MediaSpace>;
  onReuse: (draft: Draft) => void;
  onSay: (words: string) => void;
}

export function Card({ item, preview, connection, planning, onChanged, onDeleted, onStale, onReuse, onSay }: Props) {
  const { media } = item;
  const isRunning = media.generationStatus === "generating-video";
  const status = statusOf(media);
  const card = useRef<HTMLLIElement>(null);
  useSaid(media, onSay);
  const holdFocus = useFocusKept(card);
  return (
    <li
      ref={card}
      class={`card ${media.generationStatus}`}
      tabIndex={-1}
      onFocusIn={holdFocus}
      aria-labelledby={`${item.id}-words`}
    >
      <Screen item={item} preview={preview} onStale={onStale} />
      <div class="card-body">
        <p class="status">
          <span class={`dot ${media.phase ?? media.generationStatus}`} aria-hidden="true" />
          {status}
        </p>
        <p id={`${item.id}-words`} class="words" title={media.context}>
          {media.context || media.name}
        </p>
        {isRunning && <Progress media={media} planning={planning} />}
        {media.error && (
          <p class="error">
            {media.error.message} <code>{media.error.code}</code>
          </p>
        )}
        {media.description.map(({ start, text }) => (
          <p key={start} class="description">
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
              Use these again
            </button>
          )}
          {!isRunning && media.phase !== undefined && media.analysisStatus !== "pending" && (
            <Delete item={item} connection={connection} onDeleted={onDeleted} onSay={onSay} />
          )}
        </div>
      </div>
    </li>
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

function factsOf(media: IMedia, testMode: boolean): string[] {
  const { model, generationMode, duration, video, createdAt, completedAt } = media;
  const facts = [
    moment(createdAt),
    [titled(model.replaceAll("-", " ")), generationMode && titled(generationMode)].filter(Boolean).join(", "),
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
 * what fal was asked to stop is not charged unless fal bills it all the same.
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

/** A link that does not open may have expired since the page got it: a new one is requested at most this often. */
const ASK_AGAIN_MS = 60_000;

function Screen({ item, preview, onStale }: Pick<Props, "item" | "preview" | "onStale">) {
  const { video, image, poster, placeholder, context, aspectRatio, testMode } = item.media;
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  // An expired link is requested anew; if the new one does not open either, the next request waits for a minute.
  const askedAt = useRef(-Infinity);
  const stale = () => {
    if (performance.now() - askedAt.current < ASK_AGAIN_MS) return;
    askedAt.current = performance.now();
    onStale(item).catch((error: unknown) => {
      if (!isTrouble(error)) throw error;
    });
  };
  const isUpright = video ? (video.height ?? 0) >= (video.width ?? 1) : aspectRatio === "9:16" || aspectRatio === "1:1";
  const picture = [poster?.link, image?.link, preview].find((link) => link !== undefined && !broken.has(link));
  const behind = placeholder ?? picture;
  const isWorking = item.media.generationStatus === "generating-video";
  return (
    <div class={`screen ${isWorking ? "working" : ""}`}>
      {behind && (isUpright || !picture) && <img class="behind" src={behind} alt="" />}
      {video ? (
        <video
          src={video.link}
          poster={picture}
          controls
          playsInline
          preload="metadata"
          loop
          aria-label={`Video: ${context}`}
          onError={stale}
        />
      ) : (
        picture && (
          <img
            class={isUpright && image ? "whole" : ""}
            src={picture}
            alt=""
            loading="lazy"
            onError={() => {
              setBroken((before) => new Set(before).add(picture));
              stale();
            }}
          />
        )
      )}
      {!video && !picture && !behind && <p class="no-picture">No picture to show</p>}
      {testMode && video && <p class="badge">Placeholder film</p>}
    </div>
  );
}

/** Downloads the video. An expired link is replaced first, so that the page is never replaced by an error of S3. */
function Download({ item, onStale, onSay }: Pick<Props, "item" | "onStale" | "onSay">) {
  const { link, downloadLink } = item.media.video ?? {};
  const [said, setSaid] = useState("");
  if (downloadLink === undefined) {
    return (
      <a class="button" href={link} download={`${item.id}.mp4`}>
        Download
      </a>
    );
  }
  const keep = async () => {
    setSaid("");
    try {
      const fresh = (await opens(downloadLink)) ? downloadLink : (await onStale(item)).media.video?.downloadLink;
      if (fresh !== undefined) location.assign(fresh);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
    }
  };
  const click = (event: MouseEvent) => {
    event.preventDefault();
    void keep();
  };
  return (
    <>
      <a class="button" href={downloadLink} onClick={click}>
        Download
      </a>
      {said && <p class="note">{said}</p>}
    </>
  );
}

/** Fetches one byte: S3 refuses a HEAD on a link signed for GET. Where CORS stops the script, the link is followed as it is. */
async function opens(link: string): Promise<boolean> {
  const answer = await fetch(link, { headers: { range: "bytes=0-0" } }).catch(() => undefined);
  return answer?.ok ?? true;
}

/** Steps that were really taken, the time that has passed, and how long such generations take here: nothing is invented. */
function Progress({ media, planning }: { media: IMedia; planning: Planning }) {
  const elapsed = useElapsed(media.createdAt);
  const timing = planning.timing({ model: media.model, mode: media.generationMode, duration: media.duration });
  const done = stepOf(media);
  return (
    <div class="progress">
      <ol class="steps" aria-label={`Step ${Math.min(done + 1, STEPS.length)} of ${STEPS.length}`}>
        {STEPS.map((step, n) => (
          <li
            key={step}
            class={n < done ? "done" : n === done ? "now" : ""}
            aria-current={n === done ? "step" : undefined}
          >
            {step}
          </li>
        ))}
      </ol>
      {timing && (
        <div class="scale" aria-hidden="true">
          <i class="passed" style={{ width: `${Math.min(100, (elapsed / timing.p90Seconds) * 100)}%` }} />
          <i class="half" style={{ left: `${(timing.p50Seconds / timing.p90Seconds) * 100}%` }} />
        </div>
      )}
      <p class="elapsed">
        <span class="tabular">{span(elapsed)}</span>
        {timing && (
          <span>
            {elapsed > timing.p90Seconds
              ? "longer than 9 of 10"
              : `ready in about ${span(timing.p50Seconds)} (9 of 10 within ${span(timing.p90Seconds)})`}
          </span>
        )}
      </p>
    </div>
  );
}

/** Seconds since then, by the second. */
function useElapsed(since: string): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (now - Date.parse(since)) / 1000);
}

function Cancel({ item, connection, onChanged, onSay }: Pick<Props, "item" | "connection" | "onChanged" | "onSay">) {
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const wasAsked = item.media.cancelRequestedAt !== undefined;
  const cancel = async () => {
    setBusy(true);
    setSaid("");
    try {
      const { message, mediaSpace } = await cancelGeneration(item, connection);
      onChanged(mediaSpace);
      setSaid(message);
      onSay(message);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      {!wasAsked && item.media.phase !== "finalizing" && (
        <button type="button" class="button" aria-disabled={busy} onClick={() => !busy && void cancel()}>
          {busy ? "Canceling..." : "Cancel"}
        </button>
      )}
      {said && <p class="note">{said}</p>}
    </>
  );
}

/** Asks for confirmation: a deletion cannot be undone. */
function Delete({ item, connection, onDeleted, onSay }: Pick<Props, "item" | "connection" | "onDeleted" | "onSay">) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [said, setSaid] = useState("");
  const button = useRef<HTMLButtonElement>(null);
  const keep = useRef<HTMLButtonElement>(null);
  const wasAsked = useRef(false);
  useEffect(() => {
    if (asking) keep.current?.focus();
    else if (wasAsked.current) button.current?.focus();
    wasAsked.current = asking;
  }, [asking]);
  const remove = async () => {
    setBusy(true);
    setSaid("");
    try {
      await deleteMedia(item, connection);
      onSay("Deleted.");
      const card = keep.current?.closest("li");
      const next = card?.nextElementSibling ?? card?.previousElementSibling ?? document.getElementById("generations");
      onDeleted(item);
      if (next instanceof HTMLElement) next.focus();
    } catch (error) {
      if (!isTrouble(error)) throw error;
      setSaid(error.message);
      onSay(error.message);
      setBusy(false);
    }
  };
  if (!asking) {
    return (
      <button type="button" class="quiet" ref={button} onClick={() => setAsking(true)}>
        Delete
      </button>
    );
  }
  return (
    <span class="sure">
      <span class="note">{said || "Delete it and its files for good?"}</span>
      <button type="button" class="button" aria-disabled={busy} onClick={() => !busy && void remove()}>
        Delete for good
      </button>
      <button type="button" class="quiet" ref={keep} onClick={() => setAsking(false)}>
        Keep
      </button>
    </span>
  );
}

/** `kling 2.1` -> `Kling 2.1` */
function titled(words: string): string {
  return words.replace(/(^| )[a-z]/g, (letter) => letter.toUpperCase());
}
