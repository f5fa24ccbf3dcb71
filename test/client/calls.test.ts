// The client's calls: what they send, how often, and what they throw.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  cancelGeneration,
  checkGeneration,
  enhanceMedia,
  getMedia,
  getPricing,
  listMedia,
  newIdempotencyKey,
} from "../../shared/client/calls.ts";
import { ApiError, NoAnswerError } from "../../shared/client/errors.ts";
import { uploadImage } from "../../shared/client/upload.ts";
import { DOWN, fakeApi, fakeTimeouts, got, mediaSpace, type Step } from "./fake-api.ts";

const REQUEST = {
  spaceId: "holiday",
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: "https://example.com/beach.jpg" } } },
} as const;
const STARTED: Step = { status: 202, body: { data: { success: true, message: "ok", mediaSpace: mediaSpace() } } };
const refusal = (status: number, code: string, headers = {}): Step => ({
  status,
  headers,
  body: { error: `what to do about ${code}`, code, details: [{ path: "mode", message: "no" }], traceId: "t-1" },
});

beforeEach(() => {
  vi.useFakeTimers();
  fakeTimeouts();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Lets the client's own pauses pass. */
async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const result = Promise.allSettled([promise]);
  await vi.runAllTimersAsync();
  return (await result)[0];
}

describe("a start", () => {
  it("carries an Idempotency-Key of 128 random bits, another for each call", async () => {
    const api = fakeApi(STARTED);
    await settled(enhanceMedia(REQUEST, api));
    await settled(enhanceMedia(REQUEST, api));
    const [first, second] = api.calls.map(({ headers }) => headers["idempotency-key"]);
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(second).not.toBe(first);
    expect(api.calls[0]).toMatchObject({
      method: "POST",
      url: "https://api.example/api/media/enhance",
      headers: { "content-type": "application/json" },
      body: REQUEST,
    });
  });

  it.each([
    ["a line that breaks", DOWN],
    ["a 503", refusal(503, "unavailable")],
    ["a 429 of the gateway", { status: 429, body: { message: "Too Many Requests" } }],
    ["a 504 of a proxy", { status: 504 }],
  ] satisfies [string, Step][])("is sent again after %s, with the same key and body", async (_, trouble) => {
    const api = fakeApi(trouble, trouble, STARTED);
    const answer = await settled(enhanceMedia(REQUEST, api));
    expect(answer).toMatchObject({ status: "fulfilled", value: { mediaSpace: { id: "m-1" } } });
    expect(api.calls).toHaveLength(3);
    expect(new Set(api.calls.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    expect(new Set(api.calls.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  it("is sent again by the caller with the caller's own key", async () => {
    const api = fakeApi(DOWN);
    const idempotencyKey = newIdempotencyKey();
    expect(await settled(enhanceMedia(REQUEST, { ...api, idempotencyKey }))).toMatchObject({ status: "rejected" });
    await settled(enhanceMedia(REQUEST, { ...api, idempotencyKey }));
    expect(api.calls).toHaveLength(8);
    expect(new Set(api.calls.map(({ headers }) => headers["idempotency-key"]))).toEqual(new Set([idempotencyKey]));
  });

  it.each([400, 401, 402, 403, 404, 409, 413, 415, 422])(
    "that is refused with %d is not sent again",
    async (status) => {
      const api = fakeApi(refusal(status, "some_code"));
      const { reason } = (await settled(enhanceMedia(REQUEST, api))) as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(ApiError);
      expect(reason).toMatchObject({
        name: "ApiError",
        status,
        code: "some_code",
        message: "what to do about some_code",
        details: [{ path: "mode", message: "no" }],
        traceId: "t-1",
        passing: false,
      });
      expect(api.calls).toHaveLength(1);
    },
  );

  it("waits as long as it is asked to, five seconds at most", async () => {
    const busy = (seconds: number) => refusal(429, "busy", { "retry-after": String(seconds) });
    const api = fakeApi(busy(4), busy(5), STARTED);
    await settled(enhanceMedia(REQUEST, api));
    expect(api.calls.map(({ at }) => at)).toEqual([0, 4000, 9000]);
  });

  it.each([
    [429, "too_many_open", 10],
    [503, "starts_stopped", 300],
  ])("that is told to come back later is refused at once: %d %s", async (status, code, seconds) => {
    const api = fakeApi(refusal(status, code, { "retry-after": String(seconds) }), STARTED);
    expect(await settled(enhanceMedia(REQUEST, api))).toMatchObject({ reason: { code, retryAfterSeconds: seconds } });
    expect(api.calls).toHaveLength(1);
  });

  it("that the server does not answer ends after 15 s each try, as no answer", async () => {
    const api = fakeApi("hang");
    const { reason } = (await settled(enhanceMedia(REQUEST, api))) as PromiseRejectedResult;
    expect(reason).toBeInstanceOf(NoAnswerError);
    expect(reason).toMatchObject({ name: "NoAnswerError", code: "no_answer", passing: true });
    expect(api.calls).toHaveLength(4);
  });

  it("ends at once when it is not wanted any more, with the caller's reason", async () => {
    const controller = new AbortController();
    const api = fakeApi("hang");
    const started = settled(enhanceMedia(REQUEST, { ...api, signal: controller.signal }));
    controller.abort(new Error("the page was left"));
    expect(await started).toMatchObject({ status: "rejected", reason: { message: "the page was left" } });
    expect(api.calls).toHaveLength(1);
  });
});

describe("a call", () => {
  it.each([
    ["an answer that is no JSON", { status: 200, body: undefined }],
    ["an error page of a proxy", { status: 418, headers: { "content-type": "text/html" } }],
  ] satisfies [string, Step][])("knows %s from one of ours", async (_, step) => {
    const api = fakeApi(step);
    expect(
      await settled(
        getPricing({
          ...api,
          fetch: async (...of) => {
            await api.fetch(...of);
            return new Response("<html>hotel wifi</html>", { status: step.status });
          },
        }),
      ),
    ).toMatchObject({ status: "rejected", reason: { code: step.status === 200 ? "no_answer" : "http_418" } });
  });

  it("asks for the token before each request, and once more when it has just ended", async () => {
    const api = fakeApi(refusal(401, "unauthorized"), got(mediaSpace()));
    let n = 0;
    await settled(getMedia({ spaceId: "holiday", id: "m-1" }, { ...api, token: async () => `token-${++n}` }));
    expect(api.calls.map(({ headers }) => headers["authorization"])).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("that cancels is sent once: a second might be told that all is over already", async () => {
    const api = fakeApi(DOWN);
    expect(await settled(cancelGeneration({ spaceId: "a b", id: "m/1" }, api))).toMatchObject({ status: "rejected" });
    expect(api.calls.map(({ url }) => url)).toEqual(["https://api.example/api/spaces/a%20b/media/m%2F1/cancel"]);
  });

  it("reads a page of a space", async () => {
    const api = fakeApi(DOWN, { body: { data: { items: [mediaSpace()], nextCursor: "next" } } });
    const page = await settled(listMedia("holiday", { ...api, limit: 2, cursor: "abc" }));
    expect(page).toMatchObject({ value: { items: [{ id: "m-1" }], nextCursor: "next" } });
    expect(api.calls[1]?.url).toBe("https://api.example/api/spaces/holiday/media?limit=2&cursor=abc");
  });

  it("checks as the original application does", async () => {
    const api = fakeApi({ body: { data: { status: "in_progress", phase: "queued", mediaSpace: mediaSpace() } } });
    await settled(checkGeneration({ spaceId: "holiday", mediaSpace: { id: "m-1" } }, api));
    expect(api.calls[0]).toMatchObject({ method: "POST", body: { spaceId: "holiday", mediaSpace: { id: "m-1" } } });
  });
});

describe("an upload", () => {
  const place = { id: "u-1", put: { method: "PUT", url: "https://store.example/u-1?signed", headers: {} } };
  const opened: Step = { status: 201, body: { data: place } };
  const picture = new Blob(["0123456789"], { type: "image/jpeg" });

  it("asks for a place of the picture's size, puts it there without the token, and has it checked", async () => {
    const api = fakeApi(opened, { status: 200 }, { body: { data: { link: "upload:u-1", width: 800, height: 600 } } });
    expect(await settled(uploadImage(picture, { ...api, token: "secret" }))).toMatchObject({
      value: { link: "upload:u-1", width: 800, height: 600 },
    });
    expect(api.calls).toMatchObject([
      {
        method: "POST",
        url: "https://api.example/api/uploads",
        body: { size: 10 },
        headers: { authorization: "Bearer secret" },
      },
      { method: "PUT", url: "https://store.example/u-1?signed", body: picture, headers: {} },
      { method: "POST", url: "https://api.example/api/uploads/u-1/check" },
    ]);
    expect(api.calls[1]?.headers).not.toHaveProperty("authorization");
  });

  it("says what is wrong with the picture", async () => {
    const api = fakeApi(opened, { status: 200 }, refusal(400, "image_too_small"));
    expect(await settled(uploadImage(picture, api))).toMatchObject({
      reason: { code: "image_too_small", status: 400 },
    });
  });

  it("says when the store did not take it, could not be reached, or never answered", async () => {
    expect(await settled(uploadImage(picture, fakeApi(opened, { status: 403 })))).toMatchObject({
      reason: { name: "ApiError", code: "not_stored" },
    });
    expect(await settled(uploadImage(picture, fakeApi(opened, DOWN)))).toMatchObject({ reason: { code: "no_answer" } });
    expect(await settled(uploadImage(picture, fakeApi(opened, "hang")))).toMatchObject({
      reason: { code: "no_answer" },
    });
  });
});
