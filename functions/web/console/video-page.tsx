// One video by itself, at an address of its own.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { Cancel, Delete, Download } from "./actions.tsx";
import { pathTo, type Address } from "./address.ts";
import { factsOf, isDeletable, type Doings } from "./card.tsx";
import { draftOf } from "./draft.ts";
import { Star } from "./icons.tsx";
import { Progress } from "./progress.tsx";
import { Player } from "./screen.tsx";
import type { Planning } from "./use-planning.ts";
import type { Space } from "./use-space.ts";
import { statusOf } from "./words.ts";

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
  const [trouble, setTrouble] = useState<string>();
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
  useEffect(() => {
    space.refresh({ id }).then(
      () => setTrouble(undefined),
      (error: unknown) => {
        if (!isTrouble(error)) throw error;
        setTrouble(error.message);
      },
    );
  }, [id]);
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
        {item ? item.media.context || item.media.name : trouble === undefined ? "Loading" : "No such video"}
      </h2>
      {trouble !== undefined && <p class="trouble">{trouble}</p>}
      {item && <Video item={item} onClose={onClose} {...rest} />}
    </article>
  );
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
        {media.generationMode && (
          <button type="button" class="button" onClick={() => onReuse(draftOf(media))}>
            Again, with changes
          </button>
        )}
        <button
          type="button"
          class="button star-filter"
          aria-pressed={isFavourite}
          onClick={() => onFavourite(item, !isFavourite)}
        >
          <Star /> Favourite
        </button>
        {isDeletable(item) && (
          <Delete
            item={item}
            connection={connection}
            onDeleted={(deleted) => {
              doings.onDeleted(deleted);
              onClose();
            }}
            onSay={onSay}
          />
        )}
      </div>
    </>
  );
}
