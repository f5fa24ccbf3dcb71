// One wish, one key: a start button's request, from the first press until its outcome is known.
import { newIdempotencyKey } from "./calls.ts";

/** The part of a browser's `Storage` that is needed. */
export interface WishStorage {
  getItem(name: string): string | null;
  setItem(name: string, text: string): void;
  removeItem(name: string): void;
}

export interface WishOptions {
  /** Such as `sessionStorage`: a wish whose page is reloaded in the middle is still the same one. */
  storage?: WishStorage | undefined;
}

/** A second press comes 180 to 600 ms after the first (react/react-native#33117), and an answer may come before it. */
const ONE_PRESS_MS = 1_000;
const STORED = "kling-media-wish";

interface Wish {
  body: string;
  key: string;
}

/**
 * A start for a button. Pressed again while the first press is under way, or within a second of it, it answers what the
 * first one answers and starts nothing. Pressed again after a refusal or a lost answer, it repeats the same wish under
 * the same key. Another body, or the same one once it was started, is a new wish.
 * Make one for each button, and keep it as long as the button is there.
 * @param start sends the body with this Idempotency-Key, as `enhanceMedia` does, or a route of your own that hands it on
 * @returns answers and throws as `start` does
 */
export function oneWish<Body, Answer>(
  start: (body: Body, idempotencyKey: string) => Promise<Answer>,
  { storage }: WishOptions = {},
): (body: Body) => Promise<Answer> {
  /** What was asked for and has not been started, as far as is known. */
  let open: Wish | undefined = storedIn(storage);
  let press: { body: string; at: number; isUnderWay: boolean; answer: Promise<Answer> } | undefined;

  async function startOnce(body: Body, key: string): Promise<Answer> {
    const answer = await start(body, key);
    if (open?.key === key) open = undefined;
    if (storedIn(storage)?.key === key) storage?.removeItem(STORED);
    return answer;
  }

  return (request) => {
    const body = JSON.stringify(request, (_, value: unknown) => (value instanceof Blob ? nameOf(value) : value));
    if (press?.body === body && (press.isUnderWay || Date.now() < press.at + ONE_PRESS_MS)) return press.answer;
    open = open?.body === body ? open : { body, key: newIdempotencyKey() };
    storage?.setItem(STORED, JSON.stringify(open));
    const mine = { body, at: Date.now(), isUnderWay: true, answer: startOnce(request, open.key) };
    press = mine;
    mine.answer.then(
      () => (mine.isUnderWay = false),
      // Nothing was started, as far as is known: the next press asks again, under the same key.
      () => press === mine && (press = undefined),
    );
    return mine.answer;
  };
}

const names = /* @__PURE__ */ new WeakMap<Blob, string>();

/** What tells a picture from another: as text, all of them are `{}`. After a reload it is chosen anew, and another. */
function nameOf(picture: Blob): string {
  const name = names.get(picture) ?? newIdempotencyKey();
  names.set(picture, name);
  return name;
}

function storedIn(storage: WishStorage | undefined): Wish | undefined {
  return (JSON.parse(storage?.getItem(STORED) ?? "null") as Wish | null) ?? undefined;
}
