"use client";
// Hooks for React 18 and 19: a generation as it is now, and a start button that is paid once.
import { useCallback, useEffect, useRef, useState } from "react";
import type { MediaRef } from "./calls.ts";
import type { IMedia, MediaSpace } from "./contract.ts";
import type { ApiError, NoAnswerError } from "./errors.ts";
import type { StartInput } from "./input.ts";
import type { Connection } from "./request.ts";
import { startVideo } from "./subscribe.ts";
import { watchGeneration, type WatchOptions, type Watched } from "./watch.ts";
import { oneWish, type WishStorage } from "./wish.ts";

/** A new object with each render is fine: another `baseUrl` is another API, the rest is read when it is needed. */
export type HookConnection = Omit<Connection, "signal"> & Pick<WatchOptions, "until">;

export interface Generation {
  /** Undefined until the first answer. */
  media: IMedia | undefined;
  /** Why nothing newer is known just now; it is tried again by itself. */
  trouble: ApiError | NoAnswerError | undefined;
  /** Why it cannot be followed: not found, not signed in. */
  error: Error | undefined;
}

interface Known {
  of: string;
  update?: Watched;
  error?: Error;
}

/**
 * The generation as it is now, followed until it ends or the component is gone. Two ids are enough, so a page may keep them
 * through a reload, in its address say.
 * @param media undefined: there is none yet
 */
export function useGeneration(media: MediaRef | undefined, connection: HookConnection = {}): Generation {
  const { spaceId, id } = media ?? {};
  const { baseUrl } = connection;
  const latest = useLatest(connection);
  const of = JSON.stringify([baseUrl, spaceId, id]);
  const [known, setKnown] = useState<Known>({ of });
  useEffect(() => {
    if (spaceId === undefined || id === undefined) return;
    const left = new AbortController();
    const { signal } = left;
    const tell = (news: Omit<Known, "of">) => {
      if (!signal.aborted) setKnown((before) => ({ ...(before.of === of && before), of, ...news }));
    };
    watchGeneration({ spaceId, id }, { ...latest.current, signal, onUpdate: (update) => tell({ update }) }).catch(
      (error: Error) => tell({ error }),
    );
    return () => left.abort();
  }, [of, spaceId, id, latest]);
  // What was known of another media is not shown for this one, not even for one frame.
  const { update, error } = known.of === of ? known : {};
  return { media: update?.media, trouble: update?.trouble, error };
}

export interface StartOptions extends HookConnection {
  /** Where an unfinished wish outlives a reload: `sessionStorage` unless given, null for none. */
  storage?: WishStorage | null | undefined;
}

export interface StartGeneration extends Generation {
  /**
   * Starts a generation, and follows it. Pressed again while it is under way it starts nothing; after a refusal or a lost
   * answer it repeats the same wish, under the same key.
   * @returns what was started, or undefined when it was refused: then `error` says why. It never rejects.
   */
  start: (input: StartInput) => Promise<MediaRef | undefined>;
  /** What was started last: worth keeping, for `useGeneration` after a reload. */
  started: MediaRef | undefined;
  /** From the press until the end is known: the button's `disabled`. */
  pending: boolean;
}

interface Press {
  isStarting: boolean;
  refusal?: Error | undefined;
  started?: MediaRef | undefined;
}

/** A start button: one wish, one key, one video, however often it is pressed. */
export function useStartGeneration(options: StartOptions = {}): StartGeneration {
  const latest = useLatest(options);
  const wish = useRef<(input: StartInput) => Promise<MediaSpace>>(undefined);
  const presses = useRef(0);
  const [{ isStarting, refusal, started }, set] = useState<Press>({ isStarting: false });
  const followed = useGeneration(started, options);

  const start = useCallback(
    async (input: StartInput) => {
      // Made at the first press: a server that renders the page has no storage.
      const startOnce = (wish.current ??= oneWish(
        (asked, idempotencyKey) => startVideo(asked, { ...connectionIn(latest.current), idempotencyKey }),
        { storage: storageOf(latest.current) },
      ));
      const press = ++presses.current;
      const show = (outcome: Partial<Press>) => {
        if (press === presses.current)
          set(({ started: before }) => ({ isStarting: false, started: before, ...outcome }));
      };
      show({ isStarting: true });
      try {
        const { spaceId, id } = await startOnce(input);
        show({ started: { spaceId, id } });
        return { spaceId, id };
      } catch (error) {
        show({ refusal: error instanceof Error ? error : new Error(String(error)) });
        return undefined;
      }
    },
    [latest],
  );

  const isOver = ["completed", "failed", "canceled"].includes(followed.media?.generationStatus ?? "");
  const isFollowing = started !== undefined && !isOver && followed.error === undefined;
  return { ...followed, error: refusal ?? followed.error, start, started, pending: isStarting || isFollowing };
}

function useLatest<T>(value: T): { readonly current: T } {
  const latest = useRef(value);
  useEffect(() => {
    latest.current = value;
  });
  return latest;
}

function connectionIn({ baseUrl, token, fetch }: HookConnection): Connection {
  return { baseUrl, token, fetch };
}

const page: { readonly sessionStorage?: WishStorage } = globalThis;

/** A page that is shown in a frame, or whose visitor allows no storage, throws at the mere name. */
function storageOf({ storage }: StartOptions): WishStorage | undefined {
  if (storage !== undefined) return storage ?? undefined;
  try {
    return page.sessionStorage;
  } catch {
    return undefined;
  }
}
