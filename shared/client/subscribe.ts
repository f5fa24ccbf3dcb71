// Start and watch in one call.
import { cancelGeneration, enhanceMedia, newIdempotencyKey } from "./calls.ts";
import type { MediaSpace } from "./contract.ts";
import { ApiError } from "./errors.ts";
import { inPlainNames, requestOf, type StartInput } from "./input.ts";
import type { Connection } from "./request.ts";
import { watchGeneration, type WatchOptions } from "./watch.ts";

export interface StartOptions extends Connection {
  /** Of the wish: the same key again finds what the first call started. A new one for each call unless given. */
  idempotencyKey?: string | undefined;
}

export interface SubscribeOptions extends WatchOptions, StartOptions {
  /** An abort stops the generation too, at fal as well; otherwise it goes on, and two ids are enough to watch it again. */
  cancelOnAbort?: boolean | undefined;
}

/** Keys of starts whose answer was lost, by what was asked for: the same call again is the same wish. */
const lost = /* @__PURE__ */ new Map<string, string>();
/** A page has one or two of them; a server whose API is down must not gather them. */
const LOST_KEPT = 100;

/**
 * Starts a generation, once however often it is sent. The answer that was lost for good is found by the same call again.
 * @returns the media as it was started: its `spaceId` and `id` are worth keeping
 * @throws UsageError before anything is sent, ApiError, NoAnswerError, or the signal's reason
 */
export async function startVideo(
  input: StartInput,
  { idempotencyKey, ...connection }: StartOptions = {},
): Promise<MediaSpace> {
  const body = await requestOf(input, connection);
  const wish = JSON.stringify([connection.baseUrl, body]);
  const key = idempotencyKey ?? lost.get(wish) ?? newIdempotencyKey();
  lost.delete(wish);
  try {
    return (await enhanceMedia(body, { ...connection, idempotencyKey: key })).mediaSpace;
  } catch (error) {
    const isRefused = error instanceof ApiError && !error.passing;
    if (!isRefused) lost.set(wish, key);
    for (const oldest of lost.keys()) if (lost.size > LOST_KEPT) lost.delete(oldest);
    throw "mediaSpace" in input ? error : inPlainNames(error);
  }
}

/**
 * Starts a generation and watches it until it ends: `onUpdate` hears of each change, the first time of the start itself.
 * @returns what `watchGeneration` does, the media as it ended. Failed is an end, not an error: look at `media.error`
 * @throws as `startVideo` and `watchGeneration` do; an abort throws the signal's reason, and with `cancelOnAbort` what
 *   stood in the cancel's way, for then the generation goes on
 */
export async function subscribe(
  input: StartInput,
  { onUpdate, until, cancelOnAbort = false, idempotencyKey, ...connection }: SubscribeOptions = {},
): Promise<MediaSpace> {
  const { signal } = connection;
  signal?.throwIfAborted();
  const unaborted = { ...connection, signal: undefined };
  // A start that is cut off may have started something: what is to be canceled has to be known first.
  const started = await startVideo(input, { ...(cancelOnAbort ? unaborted : connection), idempotencyKey });
  try {
    signal?.throwIfAborted();
    onUpdate?.(started);
    return await watchGeneration(started, { ...connection, onUpdate, until });
  } catch (error) {
    if (cancelOnAbort && signal?.aborted) await cancelGeneration(started, unaborted).catch(ignoreEnded);
    throw error;
  }
}

/** It was over before it could be stopped. */
function ignoreEnded(error: unknown): void {
  if (!(error instanceof ApiError && error.code === "already_ended")) throw error;
}
