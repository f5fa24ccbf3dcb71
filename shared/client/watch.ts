// Following a generation to its end, through lost networks, sleeping tabs, restarted servers and reloads.
import { checkGeneration, type MediaRef } from "./calls.ts";
import type { MediaSpace } from "./contract.ts";
import { ApiError, GaveUpError, isTrouble, type NoAnswerError } from "./errors.ts";
import { pollingStrategy, type PollingStrategy } from "./polling-strategy.ts";
import { jittered, pathOf, send, type Connection } from "./request.ts";
import { pause, untilVisible } from "./surroundings.ts";

/** The media as last known. `trouble` says why nothing newer is known just now; it is tried again until it goes well. */
export type Watched = MediaSpace & { trouble?: ApiError | NoAnswerError };

export interface WatchOptions extends Connection {
  /** Called with each change, and when trouble begins or is over. */
  onUpdate?: ((media: Watched) => void) | undefined;
  /** `ended` (the default), or `described`: a few seconds later, when the video has its description. */
  until?: "ended" | "described" | undefined;
}

/** A promise of the media as it ended, and an iterator over what happens until then. Failed is an end, not an error. */
export interface Watch extends Promise<MediaSpace>, AsyncIterable<Watched> {}

const LEGACY_LIMIT_MS = 5 * 60_000;
/** The longest wait that the API allows. */
const WAIT_SECONDS = 20;
/** A server that restarts is found again within this. */
const TROUBLE_PAUSE_MAX_MS = 5_000;
/** A proxy may answer 204 at once where the API would wait: at least this much time lies between two requests without news. */
const NO_NEWS_PAUSE_MS = 1_000;
const ENDS: readonly string[] = ["completed", "failed", "canceled"] satisfies MediaSpace["media"]["generationStatus"][];

/**
 * Watches a generation until it ends. Starts at once; a hidden page does not ask. After a reload the two ids are enough.
 * @throws ApiError when the API refuses for good (not found, not signed in), GaveUpError for a record of the original
 *   application's older versions after 5 minutes, or the signal's reason
 */
export function watchGeneration(media: MediaRef | MediaSpace, options: WatchOptions = {}): Watch {
  const left = new AbortController();
  const { signal, onUpdate, until = "ended", ...connection } = options;
  const news = new Latest<Watched>();
  const ended = follow(
    media,
    until,
    { ...connection, signal: signal ? AbortSignal.any([signal, left.signal]) : left.signal },
    (update) => {
      news.put(update);
      onUpdate?.(update);
    },
  );
  ended.then(
    () => news.end(),
    (error: unknown) => news.fail(error),
  );
  const updates = async function* () {
    // What goes wrong is thrown here.
    ended.catch(() => {});
    try {
      yield* news;
    } finally {
      left.abort();
    }
  };
  return Object.assign(ended, { [Symbol.asyncIterator]: updates });
}

async function follow(
  media: MediaRef | MediaSpace,
  until: "ended" | "described",
  connection: Connection,
  tell: (update: Watched) => void,
): Promise<MediaSpace> {
  const { signal } = connection;
  const ref = { spaceId: media.spaceId, id: media.id };
  let known = "media" in media ? media : undefined;
  let offersWaiting = true;
  let legacySince: number | undefined;
  let failures = 0;
  if (known && isOver(known, until)) tell(known);
  for (;;) {
    if (known && failures === 0 && isOver(known, until)) return known;
    await untilVisible(signal);
    const strategy = known && pollingStrategy(known, offersWaiting);
    if (strategy?.kind === "legacy") {
      legacySince ??= Date.now();
      if (Date.now() - legacySince >= LEGACY_LIMIT_MS) throw new GaveUpError();
    }
    if (failures > 0) await pause(jittered(Math.min(1000 * 2 ** (failures - 1), TROUBLE_PAUSE_MAX_MS)), signal);
    else if (strategy && strategy.kind !== "wait") {
      await pause(strategy.everyMs, signal);
      await untilVisible(signal);
    }
    try {
      const askedAt = Date.now();
      // After trouble the first request is a short one, in case a proxy cuts long answers off.
      const answer = await ask(ref, failures > 0 ? undefined : strategy, connection);
      offersWaiting = answer.offersWaiting ?? offersWaiting;
      const { news } = answer;
      const isNew =
        news !== undefined &&
        (known === undefined || news.media.version === undefined || news.media.version !== known.media.version);
      const isRelief: boolean = failures > 0;
      failures = 0;
      known = news ?? known;
      if (known && (isNew || isRelief)) tell(known);
      if (!news) await pause(askedAt + NO_NEWS_PAUSE_MS - Date.now(), signal);
    } catch (error) {
      if (!isTrouble(error) || !error.passing) throw error;
      failures++;
      if (known && failures === 1) tell({ ...known, trouble: error });
    }
  }
}

interface Answer {
  /** Absent: nothing has changed. */
  news?: MediaSpace;
  /** Absent: this answer does not tell. */
  offersWaiting?: boolean;
}

async function ask(ref: MediaRef, strategy: PollingStrategy | undefined, connection: Connection): Promise<Answer> {
  if (strategy && strategy.kind !== "wait") return { news: await check(ref, connection) };
  const query = strategy ? `?sinceVersion=${strategy.sinceVersion}&waitSeconds=${WAIT_SECONDS}` : "";
  const request = { path: pathOf(ref) + query, waitSeconds: strategy ? WAIT_SECONDS : 0, tries: 1 };
  try {
    const answer = await send<{ data: { mediaSpace: MediaSpace } } | null>(request, connection);
    const news = answer?.data.mediaSpace;
    if (!news || !strategy) return { ...(news && { news }) };
    return { news, offersWaiting: news.media.version > strategy.sinceVersion };
  } catch (error) {
    // The original application's server, and any server with its API, has no such route.
    const hasNoSuchRoute =
      error instanceof ApiError && [404, 405].includes(error.status) && error.code !== "media_not_found";
    if (!hasNoSuchRoute) throw error;
    return { news: await check(ref, connection), offersWaiting: false };
  }
}

async function check({ spaceId, id }: MediaRef, connection: Connection): Promise<MediaSpace> {
  return (await checkGeneration({ spaceId, mediaSpace: { id } }, connection)).mediaSpace;
}

/** A status that is not known here is not an end: a newer server, or the original application, may have more of them. */
function isOver({ media }: MediaSpace, until: "ended" | "described"): boolean {
  if (!ENDS.includes(media.generationStatus)) return false;
  return until === "ended" || media.analysisStatus !== "pending";
}

/** Hands over the newest update only: a slow reader misses those between. */
class Latest<T> implements AsyncIterable<T> {
  #value: { value: T } | undefined;
  #state: "open" | "ended" | { error: unknown } = "open";
  #tellChange = () => {};
  #changed = this.#nextChange();

  put(value: T): void {
    this.#value = { value };
    this.#change();
  }
  end(): void {
    this.#state = "ended";
    this.#change();
  }
  fail(error: unknown): void {
    this.#state = { error };
    this.#change();
  }
  #change(): void {
    const tell = this.#tellChange;
    this.#changed = this.#nextChange();
    tell();
  }
  /** Node has `Promise.withResolvers` from 22 on, and this runs from 20 on. */
  #nextChange(): Promise<void> {
    return new Promise((resolve) => (this.#tellChange = resolve));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const changed = this.#changed;
      const there = this.#value;
      this.#value = undefined;
      if (there) yield there.value;
      else if (this.#state === "ended") return;
      else if (this.#state !== "open") throw this.#state.error;
      else await changed;
    }
  }
}
