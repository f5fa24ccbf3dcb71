// A space as it is now: its newest generations, followed while the page is visible, and older ones on demand.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { getMedia, listMedia, type ListFilter } from "../../../shared/client/calls.ts";
import type { MediaPage, MediaSpace } from "../../../shared/client/contract.ts";
import { ApiError, isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { watchGeneration } from "../../../shared/client/watch.ts";

const PAGE = 24;
/** A browser keeps six connections to a host, and each of these holds one. */
const WATCHED_AT_ONCE = 3;
/** What other users start in this space, and what has no watcher, shows within this. */
const REFRESH_MS = 10_000;

export interface Space {
  /** Newest first, of the list as far as it was read; undefined until its first page is there. */
  items: MediaSpace[] | undefined;
  /** One of the space, wherever in the list it stands, if it is known. */
  find: (id: string) => MediaSpace | undefined;
  /** Why nothing newer is known just now. */
  trouble: string | undefined;
  hasMore: boolean;
  more: () => Promise<void>;
  /** Shows what was started or changed here, without waiting for the next look. */
  put: (item: MediaSpace) => void;
  /** Removes it from the page: it was deleted. */
  drop: (item: MediaSpace) => void;
  /** Links end after an hour: new ones. */
  refresh: (item: { id: string }) => Promise<MediaSpace>;
}

/** How far a list was read. */
interface Reading {
  /** Which list: the space and what it is narrowed to. */
  of: string;
  cursor: string | undefined;
  /** The id of the last one that was read; what is older is not known to be all there is. */
  until: string;
}

/**
 * @param filter what the server leaves out of the list
 * @param openId the one that is looked at by itself: it is watched before all others
 */
export function useSpace(
  spaceId: string,
  filter: ListFilter,
  openId: string | undefined,
  connection: Connection,
): Space {
  const [known, setKnown] = useState<ReadonlyMap<string, MediaSpace>>();
  const [read, setReading] = useState<Reading>();
  const narrowed = JSON.stringify(filter);
  const list = `${spaceId} ${narrowed}`;
  const reading = read?.of === list ? read : undefined;
  const [troubles, setTroubles] = useState<ReadonlyMap<string, string>>(new Map());

  // A late answer to a request for another space is not of this one.
  const put = useCallback(
    (...items: MediaSpace[]) =>
      setKnown((before) =>
        merged(
          before,
          items.filter((item) => item.spaceId === spaceId),
        ),
      ),
    [spaceId],
  );
  const drop = useCallback(
    ({ id }: { id: string }) =>
      setKnown((before) => {
        const after = new Map(before);
        after.delete(id);
        return after;
      }),
    [],
  );
  const note = useCallback((who: string, error: Error | undefined) => {
    setTroubles((before) => {
      if (before.get(who) === error?.message) return before;
      const after = new Map(before);
      if (error) after.set(who, error.message);
      else after.delete(who);
      return after;
    });
  }, []);

  const isOfSpace = useRef(spaceId);
  useEffect(() => {
    if (isOfSpace.current !== spaceId) setKnown(undefined);
    isOfSpace.current = spaceId;
    setTroubles(new Map());
  }, [spaceId, connection]);

  // The list: at once, then as long as the page is seen.
  useEffect(() => {
    const left = new AbortController();
    const options = { ...connection, ...(JSON.parse(narrowed) as ListFilter), limit: PAGE, signal: left.signal };
    const look = async () => {
      if (document.visibilityState === "hidden") return;
      try {
        const page = await listMedia(spaceId, options);
        put(...page.items);
        // What was read beyond the first page stays read.
        setReading((before) => (before?.of === list ? before : readTo(list, page)));
        note("list", undefined);
      } catch (error) {
        if (!left.signal.aborted) note("list", error instanceof Error ? error : new Error(String(error)));
      }
    };
    const lookAgain = () => void look();
    lookAgain();
    const timer = setInterval(lookAgain, REFRESH_MS);
    document.addEventListener("visibilitychange", lookAgain);
    return () => {
      left.abort();
      clearInterval(timer);
      document.removeEventListener("visibilitychange", lookAgain);
    };
  }, [spaceId, narrowed, connection, put, note]);

  const all = useMemo(() => known && [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1)), [known]);
  const until = reading?.cursor === undefined ? "" : reading.until;
  const items = useMemo(() => reading && all?.filter(({ id }) => id >= until), [all, until, reading === undefined]);
  const open = (all ?? [])
    .filter(isOpen)
    .sort((a, b) => Number(b.id === openId) - Number(a.id === openId))
    .slice(0, WATCHED_AT_ONCE);
  const watchedIds = open.map(({ id }) => id).join();

  // The newest that are under way, each with its own watcher.
  const watchers = useRef(new Map<string, AbortController>());
  useEffect(() => {
    const wanted = new Set(watchedIds.split(",").filter(Boolean));
    for (const [id, watcher] of watchers.current) {
      if (wanted.has(id)) continue;
      watcher.abort();
      watchers.current.delete(id);
      note(id, undefined);
    }
    for (const item of open) {
      if (watchers.current.has(item.id)) continue;
      const left = new AbortController();
      watchers.current.set(item.id, left);
      const watch = watchGeneration(item, {
        ...connection,
        signal: left.signal,
        until: "described",
        onUpdate: ({ trouble, ...update }) => {
          note(item.id, trouble);
          put(update);
        },
      });
      watch.catch((error: unknown) => {
        if (left.signal.aborted) return;
        if (isGone(error)) return drop(item);
        note(item.id, isTrouble(error) ? error : new Error(String(error)));
      });
    }
  }, [watchedIds, connection, put, drop, note]);
  useEffect(
    () => () => {
      for (const watcher of watchers.current.values()) watcher.abort();
      watchers.current.clear();
    },
    [spaceId, connection],
  );

  const isReading = useRef(false);
  const more = async () => {
    if (reading?.cursor === undefined || isReading.current) return;
    isReading.current = true;
    try {
      const page = await listMedia(spaceId, { ...connection, ...filter, limit: PAGE, cursor: reading.cursor });
      put(...page.items);
      setReading((before) => (before === reading ? readTo(list, page, reading.until) : before));
      note("more", undefined);
    } catch (error) {
      note("more", error instanceof Error ? error : new Error(String(error)));
    } finally {
      isReading.current = false;
    }
  };
  const refresh = async ({ id }: { id: string }) => {
    try {
      const fresh = await getMedia({ spaceId, id }, connection);
      setKnown((before) => new Map(before).set(id, fresh));
      return fresh;
    } catch (error) {
      if (isGone(error)) drop({ id });
      throw error;
    }
  };

  return {
    items,
    find: (id) => known?.get(id),
    drop,
    trouble: [...troubles.values()][0],
    hasMore: reading?.cursor !== undefined,
    more,
    put,
    refresh,
  };
}

/** @param before where the page before it ended: one without a single item goes no further */
function readTo(of: string, { items, nextCursor }: MediaPage, before = LAST): Reading {
  return { of, cursor: nextCursor, until: items.at(-1)?.id ?? before };
}
/** After every id. */
const LAST = "\uffff";

/** Deleted meanwhile, from elsewhere. */
function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.code === "media_not_found";
}

/** Under way, or its description is. */
function isOpen({ media }: MediaSpace): boolean {
  return (
    media.phase !== undefined && (media.generationStatus === "generating-video" || media.analysisStatus === "pending")
  );
}

/** An older answer overwrites nothing, and one that brings nothing new keeps the links of playing videos. */
function merged(before: ReadonlyMap<string, MediaSpace> | undefined, items: MediaSpace[]): Map<string, MediaSpace> {
  const after = new Map(before);
  for (const item of items) {
    const there = after.get(item.id);
    if (!there || there.media.version < item.media.version) after.set(item.id, item);
  }
  return after;
}
