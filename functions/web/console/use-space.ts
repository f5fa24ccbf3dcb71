// A space as it is now: its newest generations, followed while the page is visible, and older ones on demand.
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { getMedia, listMedia } from "../../../shared/client/calls.ts";
import type { MediaSpace } from "../../../shared/client/contract.ts";
import { ApiError, isTrouble } from "../../../shared/client/errors.ts";
import type { Connection } from "../../../shared/client/request.ts";
import { watchGeneration } from "../../../shared/client/watch.ts";

const PAGE = 12;
/** A browser keeps six connections to a host, and each of these holds one. */
const WATCHED_AT_ONCE = 3;
/** What other users start in this space, and what has no watcher, shows within this. */
const REFRESH_MS = 10_000;

export interface Space {
  /** Undefined until the first page is there. */
  items: MediaSpace[] | undefined;
  /** Why nothing newer is known just now. */
  trouble: string | undefined;
  hasMore: boolean;
  more: () => Promise<void>;
  /** Shows what was started or changed here, without waiting for the next look. */
  put: (item: MediaSpace) => void;
  /** Removes it from the page: it was deleted. */
  drop: (item: MediaSpace) => void;
  /** Links end after an hour: new ones. */
  refresh: (item: MediaSpace) => Promise<MediaSpace>;
}

export function useSpace(spaceId: string, connection: Connection): Space {
  const [known, setKnown] = useState<ReadonlyMap<string, MediaSpace>>();
  const [cursor, setCursor] = useState<string>();
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

  // The list: at once, then as long as the page is seen.
  const firstCursor = useRef(false);
  useEffect(() => {
    setKnown(undefined);
    setTroubles(new Map());
    firstCursor.current = false;
    const left = new AbortController();
    const look = async () => {
      if (document.visibilityState === "hidden") return;
      try {
        const page = await listMedia(spaceId, { ...connection, limit: PAGE, signal: left.signal });
        put(...page.items);
        if (!firstCursor.current) setCursor(page.nextCursor);
        firstCursor.current = true;
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
  }, [spaceId, connection, put, note]);

  const items = useMemo(() => known && [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1)), [known]);
  const open = (items ?? []).filter(isOpen).slice(0, WATCHED_AT_ONCE);
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

  const more = async () => {
    try {
      const page = await listMedia(spaceId, { ...connection, limit: PAGE, cursor });
      put(...page.items);
      setCursor(page.nextCursor);
      note("more", undefined);
    } catch (error) {
      note("more", error instanceof Error ? error : new Error(String(error)));
    }
  };
  const refresh = async ({ id }: MediaSpace) => {
    try {
      const fresh = await getMedia({ spaceId, id }, connection);
      setKnown((before) => new Map(before).set(id, fresh));
      return fresh;
    } catch (error) {
      if (isGone(error)) drop({ id });
      throw error;
    }
  };

  return { items, drop, trouble: [...troubles.values()][0], hasMore: cursor !== undefined, more, put, refresh };
}

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
