// One call starts and watches; what it starts is paid once, whatever gets lost on the way.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NoAnswerError, UsageError } from "../../shared/client/errors.ts";
import type { VideoInput } from "../../shared/client/input.ts";
import { startVideo, subscribe } from "../../shared/client/subscribe.ts";
import { completed, DOWN, fakeApi, fakeTimeouts, got, mediaSpace, NOTHING_NEW, type Step } from "./fake-api.ts";

const STARTED: Step = { status: 202, body: { data: { success: true, message: "ok", mediaSpace: mediaSpace() } } };
const refused = (status: number, code: string): Step => ({ status, body: { error: "no", code, traceId: "t" } });
let wishes = 0;
/** Of no other test: what one has lost, no other shall find. */
const input = (more: Partial<VideoInput> = {}): VideoInput => ({
  prompt: `The waves roll in, ${++wishes}`,
  image: "https://e.com/a.jpg",
  ...more,
});
const keys = ({ calls }: ReturnType<typeof fakeApi>) =>
  calls.flatMap(({ headers }) => headers["idempotency-key"] ?? []);

beforeEach(() => {
  vi.useFakeTimers();
  fakeTimeouts();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const all = Promise.allSettled([promise]);
  await vi.runAllTimersAsync();
  return (await all)[0];
}

describe("subscribe", () => {
  it("starts, tells of each change from the start on, and answers with the media as it ended", async () => {
    const api = fakeApi(STARTED, got(mediaSpace({ phase: "generating", version: 2 })), got(completed(3)));
    const phases: unknown[] = [];
    const ended = await settled(subscribe(input(), { ...api, onUpdate: ({ media }) => phases.push(media.phase) }));
    expect(ended).toMatchObject({ value: { id: "m-1", spaceId: "holiday", media: { phase: "completed" } } });
    expect(phases).toEqual(["queued", "generating", "completed"]);
    expect(keys(api)).toHaveLength(1);
  });

  it("says in plain names what the original application's body says", async () => {
    const plain = { model: "kling-3", mode: "pro", seconds: 5, space: "holiday", name: "Beach", audio: true } as const;
    const api = fakeApi(refused(402, "over_budget"));
    const wish = input({ ...plain, lastImage: new URL("https://e.com/b.jpg"), negativePrompt: "rain" });
    await settled(subscribe(wish, api));
    expect(api.calls[0]?.body).toEqual({
      spaceId: "holiday",
      type: "video",
      context: wish.prompt,
      mediaSpace: { media: { name: "Beach", image: { link: "https://e.com/a.jpg" } } },
      model: "kling-3",
      mode: "pro",
      duration: 5,
      audio: true,
      negativePrompt: "rain",
      tailImageUrl: "https://e.com/b.jpg",
    });
  });

  it("takes the original application's body as it is, and sends names that it does not know for the API to judge", async () => {
    const api = fakeApi(refused(400, "invalid_request"));
    const body = { spaceId: "s", context: "Waves", mediaSpace: { media: { image: { link: "https://e.com/a.jpg" } } } };
    await settled(subscribe(body, api));
    await settled(subscribe(Object.assign(input(), { aspect_ratio: "1:1" }), api));
    expect(api.calls[0]?.body).toEqual(body);
    expect(api.calls[1]?.body).toMatchObject({ spaceId: "default", aspect_ratio: "1:1" });
  });

  it("hands on what the API refuses in the names that the caller has used", async () => {
    const body = {
      error: 'This is not possible: duration must be "5" or "10", and mediaSpace.media.image.link must be a link.',
      code: "invalid_request",
      details: [
        { path: "duration", message: 'must be "5" or "10"' },
        { path: "mediaSpace.media.image.link", message: "must be a link" },
        { path: "shots.0.duration", message: "must be a number" },
      ],
      traceId: "t",
    };
    const refusal = { status: 400, body };
    expect(await settled(subscribe(input(), fakeApi(refusal)))).toMatchObject({
      reason: {
        name: "ApiError",
        status: 400,
        code: "invalid_request",
        traceId: "t",
        message: 'This is not possible: seconds must be "5" or "10", and image must be a link.',
        details: [{ path: "seconds" }, { path: "image" }, { path: "shots.0.seconds" }],
      },
    });
    const original = { spaceId: "s", context: "Waves", mediaSpace: { media: { image: { link: "x" } } } };
    expect(await settled(subscribe(original, fakeApi(refusal)))).toMatchObject({ reason: { message: body.error } });
  });

  it("failed is an end, not an error", async () => {
    const failed = mediaSpace({
      generationStatus: "failed",
      error: { code: "nsfw", message: "Not that." },
      version: 2,
    });
    expect(await settled(subscribe(input(), fakeApi(STARTED, got(failed))))).toMatchObject({
      value: { media: { error: { code: "nsfw" } } },
    });
  });

  it("uploads a picture once, though the same wish is sent again", async () => {
    const place = { id: "u-1", put: { method: "PUT", url: "https://store.example/u-1", headers: {} } };
    const uploaded = { body: { data: { link: "upload:u-1", width: 800, height: 600 } } };
    const api = fakeApi({ status: 201, body: { data: place } }, { status: 200 }, uploaded, refused(402, "over_budget"));
    const wish = input({ image: new Blob(["a picture"]) });
    // The link is kept for some minutes: no timer of this test runs that long.
    await subscribe(wish, api).catch(() => {});
    await subscribe(wish, api).catch(() => {});
    expect(api.calls.map(({ url }) => url.replace(/.*\.example/, ""))).toEqual([
      "/api/uploads",
      "/u-1",
      "/api/uploads/u-1/check",
      "/api/media/enhance",
      "/api/media/enhance",
    ]);
    expect(api.calls[4]?.body).toMatchObject({ mediaSpace: { media: { image: { link: "upload:u-1" } } } });
  });
});

describe("an answer that was lost", () => {
  it("is found by the same call again, under the same key; the call after that is a wish of its own", async () => {
    const api = fakeApi(DOWN, DOWN, DOWN, DOWN, STARTED);
    const wish = input();
    expect(await settled(startVideo(wish, api))).toMatchObject({ reason: { code: "no_answer" } });
    await settled(startVideo(wish, api));
    expect(new Set(keys(api)).size).toBe(1);
    await settled(startVideo(wish, api));
    expect(new Set(keys(api)).size).toBe(2);
  });

  it("is not looked for under another wish, nor after a refusal", async () => {
    const api = fakeApi(DOWN, DOWN, DOWN, DOWN, refused(402, "over_budget"));
    await settled(startVideo(input(), api));
    const wish = input();
    await settled(startVideo(wish, api));
    await settled(startVideo(wish, api));
    expect(new Set(keys(api)).size).toBe(3);
  });

  it("a key of the caller's own stands over all tries and calls", async () => {
    const api = fakeApi(DOWN, STARTED);
    await settled(startVideo(input(), { ...api, idempotencyKey: "order-4711" }));
    expect(keys(api)).toEqual(["order-4711", "order-4711"]);
  });

  it("two calls at once are two wishes, though they ask for the same", async () => {
    const api = fakeApi(STARTED);
    const wish = input();
    await settled(Promise.all([startVideo(wish, api), startVideo(wish, api)]));
    expect(new Set(keys(api)).size).toBe(2);
  });
});

describe("an abort", () => {
  const left = new Error("the page was left");

  it("stops watching, and the generation goes on", async () => {
    const controller = new AbortController();
    const api = fakeApi(STARTED, NOTHING_NEW);
    const ended = subscribe(input(), { ...api, signal: controller.signal, onUpdate: () => controller.abort(left) });
    expect(await settled(ended)).toMatchObject({ reason: left });
    expect(api.calls).toHaveLength(1);
  });

  it("cancels too where that is wished, and throws the signal's reason", async () => {
    const controller = new AbortController();
    const api = fakeApi(STARTED, { body: { data: { success: true, message: "ok", mediaSpace: mediaSpace() } } });
    const options = { ...api, signal: controller.signal, cancelOnAbort: true };
    const ended = subscribe(input(), { ...options, onUpdate: () => controller.abort(left) });
    expect(await settled(ended)).toMatchObject({ reason: left });
    expect(api.calls[1]).toMatchObject({
      method: "POST",
      url: expect.stringMatching(/\/holiday\/media\/m-1\/cancel$/),
    });
  });

  it("during the start waits for the start, for what may have been started has to be canceled", async () => {
    const controller = new AbortController();
    const api = fakeApi(STARTED, refused(409, "already_ended"));
    const fetch: typeof globalThis.fetch = (...of) => {
      controller.abort(left);
      return api.fetch(...of);
    };
    const options = { ...api, fetch, signal: controller.signal, cancelOnAbort: true };
    expect(await settled(subscribe(input(), options))).toMatchObject({ reason: left });
    expect(api.calls.map(({ url }) => url.replace(/.*\//, ""))).toEqual(["enhance", "cancel"]);
  });

  it("that could not cancel says so: the generation goes on", async () => {
    const controller = new AbortController();
    const options = { ...fakeApi(STARTED, DOWN), signal: controller.signal, cancelOnAbort: true };
    const { reason } = (await settled(
      subscribe(input(), { ...options, onUpdate: () => controller.abort(left) }),
    )) as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(NoAnswerError);
  });

  it("before the call starts nothing", async () => {
    const api = fakeApi(STARTED);
    expect(await settled(subscribe(input(), { ...api, signal: AbortSignal.abort(left) }))).toMatchObject({
      reason: left,
    });
    expect(api.calls).toHaveLength(0);
  });
});

describe("what cannot be right is refused before anything is sent", () => {
  it.each([
    ["a wish without words", input({ prompt: " " }), {}, "no_prompt"],
    ["a wish without a picture", input({ image: "" }), {}, "no_image"],
    ["an address without https://", input(), { baseUrl: "api.example.com" }, "bad_base_url"],
    ["no address, where no page has one", input(), { baseUrl: undefined, fetch: undefined }, "bad_base_url"],
  ])("%s", async (_, wish, connection, code) => {
    const api = fakeApi(STARTED);
    const { reason } = (await settled(startVideo(wish, { ...api, ...connection }))) as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(UsageError);
    expect(reason).toMatchObject({ code });
    expect(api.calls).toHaveLength(0);
  });

  it("a runtime that could start and not follow", async () => {
    vi.stubGlobal("AbortSignal", { timeout: AbortSignal.timeout.bind(AbortSignal) });
    const api = fakeApi(STARTED);
    expect(await settled(startVideo(input(), api))).toMatchObject({ reason: { code: "old_runtime" } });
    expect(api.calls).toHaveLength(0);
  });
});
