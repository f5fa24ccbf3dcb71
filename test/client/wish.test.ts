// One wish is paid once, however often and however fast its button is pressed.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { enhanceMedia } from "../../shared/client/calls.ts";
import type { EnhanceRequest } from "../../shared/client/contract.ts";
import { oneWish, type WishOptions } from "../../shared/client/wish.ts";
import { DOWN, fakeApi, fakeTimeouts, mediaSpace, type Step } from "./fake-api.ts";

const request = (context: string) =>
  ({
    spaceId: "holiday",
    context,
    type: "video",
    mediaSpace: { media: { image: { link: "https://e.com/a.jpg" } } },
  }) as const;
const WAVES = request("The waves roll in.");
const STARTED: Step = { status: 202, body: { data: { success: true, message: "ok", mediaSpace: mediaSpace() } } };
const refused = (status: number, code: string): Step => ({ status, body: { error: "no", code, traceId: "t" } });

beforeEach(() => {
  vi.useFakeTimers();
  fakeTimeouts();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** An API that takes so long for each answer. */
function slowApi(milliseconds: number, ...script: Step[]) {
  const api = fakeApi(...script);
  const fetch: typeof globalThis.fetch = async (...of) => {
    const answer = await api.fetch(...of);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    return answer;
  };
  return { ...api, fetch };
}
const wishAt = (api: ReturnType<typeof fakeApi>, storage?: WishOptions["storage"]) =>
  oneWish((body: EnhanceRequest, idempotencyKey) => enhanceMedia(body, { ...api, idempotencyKey }), { storage });
const keys = ({ calls }: ReturnType<typeof fakeApi>) => new Set(calls.map(({ headers }) => headers["idempotency-key"]));

describe("a second press", () => {
  it.each([
    ["in the same moment", 0, 300],
    ["after 180 ms, before the answer", 180, 300],
    ["after 600 ms, with the answer there", 600, 50],
    ["after 600 ms of a slow start", 600, 8000],
    ["after 8 s of a start of 9 s", 8000, 9000],
  ])("%s, sends nothing and answers the same", async (_, after, answerMs) => {
    const api = slowApi(answerMs, STARTED);
    const start = wishAt(api);
    const first = start(WAVES);
    await vi.advanceTimersByTimeAsync(after);
    const second = start(WAVES);
    await vi.runAllTimersAsync();
    expect(await second).toBe(await first);
    expect(api.calls).toHaveLength(1);
  });

  it("after a second, once it was started, is a wish of its own", async () => {
    const api = fakeApi(STARTED);
    const start = wishAt(api);
    await start(WAVES);
    await vi.advanceTimersByTimeAsync(1000);
    await start(WAVES);
    expect(keys(api).size).toBe(2);
  });

  it("for another picture is a wish of its own, for the same one it is not", async () => {
    const sent: string[] = [];
    const start = oneWish((picture: { image: Blob }, key) =>
      Promise.resolve(sent.push(`${picture.image.size} ${key}`)),
    );
    const [photo, other] = [new Blob(["photo"]), new Blob(["another"])];
    await Promise.all([start({ image: photo }), start({ image: photo }), start({ image: other })]);
    expect(sent.map((wish) => wish.split(" ")[0])).toEqual(["5", "7"]);
    expect(new Set(sent.map((wish) => wish.split(" ")[1])).size).toBe(2);
  });

  it("for something else is a wish of its own, and what was asked for stays one", async () => {
    const api = slowApi(300, STARTED);
    const start = wishAt(api);
    const [first, other] = [start(WAVES), start(request("Clouds"))];
    await vi.runAllTimersAsync();
    await Promise.all([first, other]);
    expect(keys(api).size).toBe(2);
  });
});

describe("pressed again", () => {
  it.each([402, 429, 503])("after a %d, the same wish is sent under the same key", async (status) => {
    const script = [...Array<Step>(status === 402 ? 1 : 4).fill(refused(status, "not_now")), STARTED];
    const api = fakeApi(...script);
    const start = wishAt(api);
    const first = Promise.allSettled([start(WAVES)]);
    await vi.runAllTimersAsync();
    expect(await first).toMatchObject([{ reason: { status, code: "not_now" } }]);
    await start(WAVES);
    expect(api.calls).toHaveLength(script.length);
    expect(keys(api).size).toBe(1);
  });

  it("after an answer that was lost, the same key finds what the first one started", async () => {
    const api = fakeApi(DOWN, DOWN, DOWN, DOWN, STARTED);
    const start = wishAt(api);
    const lost = Promise.allSettled([start(WAVES)]);
    await vi.runAllTimersAsync();
    expect(await lost).toMatchObject([{ reason: { code: "no_answer" } }]);
    await start(WAVES);
    expect(keys(api).size).toBe(1);
  });

  it("after a reload in the middle, it is the same wish; after one that had ended, it is another", async () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, text: string) => void kept.set(name, text),
      removeItem: (name: string) => void kept.delete(name),
    };
    const api = fakeApi("hang", STARTED);
    void wishAt(api, storage)(WAVES).catch(() => {});
    // The page is gone, and what it began goes on without it.
    await wishAt(api, storage)(WAVES);
    expect(api.calls).toHaveLength(2);
    expect(keys(api).size).toBe(1);
    await wishAt(api, storage)(WAVES);
    expect(keys(api).size).toBe(2);
  });
});
