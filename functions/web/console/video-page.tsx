// The page of one video, with its own address.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { IMedia, MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { Cancel, Delete, Download } from "./actions.tsx";
import { pathTo, type Address } from "./address.ts";
import { isDeletable, type Doings } from "./card.tsx";
import { CopyButton } from "./copy.tsx";
import { Deliveries } from "./deliveries.tsx";
import { draftOf } from "./draft.ts";
import { Star } from "./icons.tsx";
import { Progress } from "./progress.tsx";
import { asCurl, asTypeScript, requestBody } from "./request-code.ts";
import { Player } from "./screen.tsx";
import { Timeline } from "./timeline.tsx";
import type { Planning } from "./use-planning.ts";
import type { Space } from "./use-space.ts";
import { dollars, megabytes, modelWords, modeWords, moment, priceTag, statusOf } from "./words.ts";

interface Props {
  id: string;
  address: Address;
  space: Space;
  isFavourite: boolean;
  preview: string | undefined;
  connection: Connection;
  planning: Planning;
  doings: Omit<Doings, "onChoose">;
  onClose: () => void;
}

export function VideoPage({ id, address, space, onClose, ...rest }: Props) {
  const item = space.find(id);
  const [failure, setFailure] = useState<{ says: string; isGone: boolean }>();
  const wasThere = useRef(false);
  wasThere.current ||= item !== undefined;
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    title.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
    const escape = ({ key, target, defaultPrevented }: KeyboardEvent) => {
      if (key !== "Escape" || defaultPrevented || isField(target)) return;
      onClose();
    };
    document.addEventListener("keydown", escape);
    return () => document.removeEventListener("keydown", escape);
  }, []);
  // Once more when the connection is there again.
  const isConnected = space.trouble === undefined;
  useEffect(() => {
    space.refresh({ id }).then(
      () => setFailure(undefined),
      (error: unknown) => {
        if (!isTrouble(error)) throw error;
        setFailure({ says: error.message, isGone: error.code === "media_not_found" });
      },
    );
  }, [id, isConnected]);
  return (
    <article id="generations" class="video-page" aria-labelledby="video-title" tabIndex={-1}>
      <p>
        <a
          class="quiet button back"
          href={pathTo({ ...address, media: undefined })}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onClose();
          }}
        >
          <span aria-hidden="true">←</span> Your videos
        </a>
      </p>
      <h2 id="video-title" ref={title} tabIndex={-1} dir="auto">
        {item ? item.media.context || item.media.name : absent(failure?.isGone ?? wasThere.current, failure)}
      </h2>
      {failure && <p class="trouble">{failure.says}</p>}
      {!failure && space.trouble !== undefined && <p class="trouble">{`${space.trouble} Trying again.`}</p>}
      {item && <Video item={item} onClose={onClose} {...rest} />}
    </article>
  );
}

/** The title where there is no video to name. */
function absent(isGone: boolean, failure: object | undefined): string {
  if (isGone) return "No such video";
  return failure ? "It could not be loaded" : "Loading";
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, select, textarea");
}

function Video({
  item,
  isFavourite,
  preview,
  connection,
  planning,
  doings,
  onClose,
}: Omit<Props, "id" | "address" | "space"> & { item: MediaSpace }) {
  const { media } = item;
  const { onChanged, onStale, onReuse, onSay, onFavourite } = doings;
  const isRunning = media.generationStatus === "generating-video";
  const link = `${location.origin}${pathTo({ space: item.spaceId, media: item.id, filter: {} })}`;
  const remove = (deleted: MediaSpace) => {
    doings.onDeleted(deleted);
    onClose();
  };
  return (
    <>
      <Player item={item} preview={preview} onStale={onStale} />
      <p class="status">
        <span class={`dot ${media.phase ?? media.generationStatus}`} aria-hidden="true" />
        {statusOf(media)}
      </p>
      {isRunning && <Progress media={media} planning={planning} />}
      {media.error && (
        <p class="error">
          {media.error.message} <code>{media.error.code}</code>
        </p>
      )}
      <div class="card-actions">
        {isRunning && media.phase !== undefined && (
          <Cancel item={item} connection={connection} onChanged={onChanged} onSay={onSay} />
        )}
        {media.video && <Download item={item} onStale={onStale} onSay={onSay} />}
        {media.generationMode && (
          <button type="button" class="button" onClick={() => onReuse(draftOf(media))}>
            Again, with changes
          </button>
        )}
        <button
          type="button"
          class="button star-filter"
          aria-pressed={isFavourite}
          title="Kept in this browser"
          onClick={() => onFavourite(item, !isFavourite)}
        >
          <Star /> Favourite
        </button>
        <Share link={link} title={media.context || media.name} onSay={onSay} />
        {isDeletable(item) && <Delete item={item} connection={connection} onDeleted={remove} onSay={onSay} />}
      </div>
      <div class="video-facts">
        <Words media={media} onSay={onSay} />
        <Timeline media={media} />
        <Pictures media={media} />
        <Facts item={item} planning={planning} onSay={onSay} />
      </div>
      <Code item={item} connection={connection} onSay={onSay} />
      <Deliveries mediaId={item.id} connection={connection} />
    </>
  );
}

/** By what the device has for it; where it has nothing, the link is copied. */
function Share({ link, title, onSay }: { link: string; title: string; onSay: (words: string) => void }) {
  return (
    <>
      {"share" in navigator && (
        <button
          type="button"
          class="quiet"
          // Refused, or closed without a choice: nothing has happened.
          onClick={() => void navigator.share({ url: link, title }).catch(() => undefined)}
        >
          Share
        </button>
      )}
      <CopyButton text={link} onSay={onSay}>
        Copy link
      </CopyButton>
    </>
  );
}

function Words({ media, onSay }: { media: IMedia; onSay: (words: string) => void }) {
  const { context, prompt, shots, negativePrompt, description } = media;
  return (
    <section aria-labelledby="words-title">
      <h3 id="words-title">In words</h3>
      <h4>As you wrote it</h4>
      <Quoted text={context} onSay={onSay} />
      {prompt !== undefined && prompt !== context && (
        <>
          <h4>As sent to Kling</h4>
          <Quoted text={prompt} onSay={onSay} />
        </>
      )}
      {prompt !== undefined && prompt === context && <p class="note">Sent to Kling unchanged.</p>}
      {shots && (
        <>
          <h4>Shot by shot</h4>
          <ol class="shots">
            {shots.map((shot, n) => (
              <li key={n} dir="auto">
                {shot.prompt} <span class="note">{`${shot.duration} s`}</span>
              </li>
            ))}
          </ol>
        </>
      )}
      {negativePrompt !== undefined && (
        <>
          <h4>What should not appear</h4>
          <Quoted text={negativePrompt} onSay={onSay} />
        </>
      )}
      {description.length > 0 && <h4>What the video shows</h4>}
      {description.map(({ start, text }) => (
        <p key={start} class="quoted" dir="auto">
          {text}
        </p>
      ))}
    </section>
  );
}

function Quoted({ text, onSay }: { text: string; onSay: (words: string) => void }) {
  return (
    <div class="quoted">
      <p dir="auto">{text}</p>
      <CopyButton text={text} onSay={onSay}>
        Copy
      </CopyButton>
    </div>
  );
}

/** What it was made from: beside the video, one sees what Kling has made of it. */
function Pictures({ media: { image, tailImageUrl, video } }: { media: IMedia }) {
  if (!image) return null;
  const isOfWeb = tailImageUrl !== undefined && /^https?:/i.test(tailImageUrl);
  return (
    <section aria-labelledby="pictures-title">
      <h3 id="pictures-title">{video ? "Before" : "The picture"}</h3>
      <div class="figures">
        <figure>
          <a href={image.link} target="_blank" rel="noreferrer">
            <img src={image.link} alt="The picture as sent to Kling" loading="lazy" />
          </a>
          <figcaption class="note">
            {`First frame${image.width && image.height ? `, ${image.width} × ${image.height}` : ""}`}
          </figcaption>
        </figure>
        {tailImageUrl !== undefined && (
          <figure>
            {isOfWeb && (
              <a href={tailImageUrl} target="_blank" rel="noreferrer">
                <img src={tailImageUrl} alt="The last frame that was asked for" loading="lazy" />
              </a>
            )}
            <figcaption class="note">{isOfWeb ? "Last frame" : "With a last frame, by upload"}</figcaption>
          </figure>
        )}
      </div>
    </section>
  );
}

function Facts({ item, planning, onSay }: { item: MediaSpace; planning: Planning; onSay: (words: string) => void }) {
  const { media } = item;
  const { video, cost } = media;
  const rows: [string, string | undefined][] = [
    [
      "Model",
      [modelWords(media.model), media.generationMode && modeWords(media.generationMode).name]
        .filter(Boolean)
        .join(", "),
    ],
    ["Length", `${media.duration} s${media.audio ? ", with sound" : ""}`],
    ["Format", media.aspectRatio ?? "as the picture is"],
    ["How closely it follows the words", media.cfgScale?.toFixed(1)],
    [
      "Video",
      video?.width && video.height
        ? `${video.width} × ${video.height}${video.fps ? `, ${video.fps} fps` : ""}`
        : undefined,
    ],
    ["File", video?.size ? megabytes(video.size) : undefined],
    ["Estimated", priceTag(cost.estimatedUsd, media.testMode ?? planning.testMode)],
    ["Billed", billedWords(media, planning.testMode)],
    ["Started by", item.uploadedBy],
    ["Kept until", media.keptUntil && moment(media.keptUntil)],
  ];
  const ids: [string, string | undefined][] = [
    ["Id", item.id],
    ["Job at fal.ai", media.requestId],
    ["Picture's id", item.baseMediaId],
  ];
  return (
    <section aria-labelledby="facts-title">
      <h3 id="facts-title">Facts</h3>
      <dl>
        {rows.map(([name, value]) => value !== undefined && <Fact key={name} name={name} value={value} />)}
        {ids.map(
          ([name, value]) =>
            value !== undefined && (
              <Fact key={name} name={name} value={value}>
                <CopyButton text={value} onSay={onSay}>
                  Copy
                </CopyButton>
              </Fact>
            ),
        )}
      </dl>
    </section>
  );
}

function Fact({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span dir="auto">{value}</span>
        {children}
      </dd>
    </div>
  );
}

/** What fal has taken for it, as far as one knows. */
function billedWords({ testMode, cost, generationStatus }: IMedia, isTestMode: boolean): string {
  if (testMode ?? isTestMode) return "nothing, in test mode";
  if (cost.billedUsd !== undefined) return dollars(cost.billedUsd);
  if (cost.charged) return "fal's bill has not been compared yet";
  return generationStatus === "generating-video" ? "when it is ready" : "not charged";
}

function Code({
  item,
  connection,
  onSay,
}: {
  item: MediaSpace;
  connection: Connection;
  onSay: (words: string) => void;
}) {
  const body = requestBody(item);
  const where = { origin: location.origin, hasToken: connection.token !== undefined };
  const texts = new Map<string, string>();
  if (body) texts.set("curl", asCurl(body, where)).set("TypeScript", asTypeScript(body, where));
  texts.set("JSON", JSON.stringify(item, null, 2));
  const [shown, setShown] = useState("curl");
  const name = texts.has(shown) ? shown : "JSON";
  const text = texts.get(name) ?? "";
  return (
    <details class="code">
      <summary>This request as code, and the answer as JSON</summary>
      <fieldset class="segments">
        <legend class="visually-hidden">As</legend>
        {[...texts.keys()].map((it) => (
          <label key={it}>
            <input type="radio" name="code" checked={it === name} onChange={() => setShown(it)} />
            <span>{it}</span>
          </label>
        ))}
      </fieldset>
      <pre tabIndex={0} aria-label={name}>
        {text}
      </pre>
      <CopyButton text={text} onSay={onSay}>
        {`Copy ${name}`}
      </CopyButton>
      {name === "JSON" && <p class="note">Its links expire within the hour.</p>}
    </details>
  );
}
