// The picture of a generation, and its video: in a card it plays while the pointer or the focus is on it, on its page with controls.
import { useEffect, useRef, useState } from "preact/hooks";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { isTrouble } from "../../../shared/client/errors.ts";

export interface ScreenProps {
  item: MediaSpace;
  /** Of this disk, until the server has its own. */
  preview: string | undefined;
  onStale: (item: MediaSpace) => Promise<MediaSpace>;
}

/** A link that does not open may have expired since the page got it: a new one is requested at most this often. */
const ASK_AGAIN_MS = 60_000;
/** A pointer that only crosses a card starts nothing. */
const HOVER_MS = 120;

/** Ends the preview that plays now: one plays at a time. */
let endOther: () => void = () => {};

/** A card's screen: its poster, which leads to the video's page and plays there and then when it is pointed at. */
export function Poster({ item, preview, onStale, href, onOpen }: ScreenProps & { href: string; onOpen: () => void }) {
  const { video, context, name } = item.media;
  const [isPlaying, setIsPlaying] = useState(false);
  const { picture, note, stale } = usePicture(item, preview, onStale);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const end = useRef(() => {
    clearTimeout(timer.current);
    setIsPlaying(false);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const play = (afterMs: number) => {
    if (!video || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    timer.current = setTimeout(() => {
      if (endOther !== end.current) endOther();
      endOther = end.current;
      setIsPlaying(true);
    }, afterMs);
  };
  return (
    <a
      class={`screen ${classOf(item)}`}
      href={href}
      aria-label={`Open: ${context || name}`}
      onClick={(event) => {
        // A new tab is the browser's affair.
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        end.current();
        onOpen();
      }}
      onPointerEnter={({ pointerType }) => pointerType === "mouse" && play(HOVER_MS)}
      onPointerLeave={end.current}
      onFocus={({ currentTarget }) => currentTarget.matches(":focus-visible") && play(0)}
      onBlur={end.current}
    >
      <Behind item={item} picture={picture} />
      {picture !== undefined && (
        <img
          class={isUpright(item) ? "whole" : ""}
          src={picture}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => note(picture)}
        />
      )}
      {isPlaying && video && <video src={video.link} muted loop autoplay playsInline tabIndex={-1} onError={stale} />}
      <Marks item={item} picture={picture} />
    </a>
  );
}

/** The screen of a video's own page. */
export function Player({ item, preview, onStale }: ScreenProps) {
  const { video, context, name } = item.media;
  const { picture, note, stale } = usePicture(item, preview, onStale);
  return (
    <div class={`screen ${classOf(item)}`} style={{ aspectRatio: ratioFor(item) }}>
      {!video && <Behind item={item} picture={picture} />}
      {video ? (
        <video
          src={video.link}
          poster={picture}
          controls
          playsInline
          preload="metadata"
          loop
          aria-label={`Video: ${context || name}`}
          onError={stale}
        />
      ) : (
        picture !== undefined && <img class="whole" src={picture} alt="" onError={() => note(picture)} />
      )}
      <Marks item={item} picture={picture} />
    </div>
  );
}

/** The first of its pictures that opens; a link that has ended is asked for anew. */
function usePicture(item: MediaSpace, preview: string | undefined, onStale: ScreenProps["onStale"]) {
  const { image, poster } = item.media;
  const [broken, setBroken] = useState<ReadonlySet<string>>(new Set());
  // If the new one does not open either, the next request waits for a minute.
  const askedAt = useRef(-Infinity);
  const stale = () => {
    if (performance.now() - askedAt.current < ASK_AGAIN_MS) return;
    askedAt.current = performance.now();
    onStale(item).catch((error: unknown) => {
      if (!isTrouble(error)) throw error;
    });
  };
  const note = (link: string) => {
    setBroken((before) => new Set(before).add(link));
    stale();
  };
  const picture = [poster?.link, image?.link, preview].find((link) => link !== undefined && !broken.has(link));
  return { picture, note, stale };
}

function Behind({ item, picture }: { item: MediaSpace; picture: string | undefined }) {
  const behind = item.media.placeholder ?? picture;
  return behind !== undefined && (isUpright(item) || picture === undefined) ? (
    <img class="behind" src={behind} alt="" />
  ) : null;
}

function Marks({ item: { media }, picture }: { item: MediaSpace; picture: string | undefined }) {
  return (
    <>
      {!media.video && picture === undefined && media.placeholder === undefined && (
        <p class="no-picture">No picture to show</p>
      )}
      {media.testMode && media.video && <p class="badge">Placeholder film</p>}
    </>
  );
}

function isUpright({ media: { video, aspectRatio, image } }: MediaSpace): boolean {
  const size = video?.width && video.height ? video : image;
  if (size?.width && size.height) return size.height >= size.width;
  return aspectRatio === "9:16" || aspectRatio === "1:1";
}

/** Width to height, so that nothing moves when the video has loaded. */
function ratioFor({ media: { video, image } }: MediaSpace): string {
  const size = video?.width && video.height ? video : image;
  return size?.width && size.height ? `${size.width} / ${size.height}` : "16 / 9";
}

function classOf({ media: { generationStatus } }: MediaSpace): string {
  return `${generationStatus} ${generationStatus === "generating-video" ? "working" : ""}`;
}
