// Watching a generation: the three polling strategies, chosen anew on each answer, and everything that may come between.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { MediaSpace } from "../../shared/client/contract.ts";
import { pollingStrategy } from "../../shared/client/polling-strategy.ts";
import { watchGeneration, type Watched, type WatchOptions } from "../../shared/client/watch.ts";
import {
  checked,
  completed,
  DOWN,
  fakeApi,
  fakeTimeouts,
  got,
  mediaSpace,
  NOTHING_NEW,
  type Step,
} from "./fake-api.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const generating = (version: number) => mediaSpace({ phase: "generating", requestId: "r-1", version });
const legacy = (media: Partial<MediaSpace["media"]> = {}): MediaSpace =>
  mediaSpace({ phase: undefined, version: undefined as never, ...media });

beforeEach(() => {
  vi.useFakeTimers();
  fakeTimeouts();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** Watches a script to its end; updates in short words. */
async function watched(media: Parameters<typeof watchGeneration>[0], script: Step[], options: WatchOptions = {}) {
  const api = fakeApi(...script);
  const updates: string[] = [];
  const inWords = ({ media, trouble }: Watched) => `${media.phase}${trouble ? ` (${trouble.code})` : ""}`;
  const watch = watchGeneration(media, { ...api, ...options, onUpdate: (update) => updates.push(inWords(update)) });
  const ended = Promise.allSettled([watch]);
  await vi.runAllTimersAsync();
  const [result] = await ended;
  return { ...api, updates, result };
}
const paths = (calls: { url: string }[]) => calls.map(({ url }) => url.replace(/^.*\/api/, ""));

describe("the polling strategy", () => {
  it.each<[string, Parameters<typeof pollingStrategy>[0]["media"], boolean, object]>([
    ["a legacy video is asked for every 5 s", { type: "video" }, true, { kind: "legacy", everyMs: 5000 }],
    ["a legacy image every second", { type: "image" }, true, { kind: "legacy", everyMs: 1000 }],
    ["a request id makes it fal's: every 10 s", { requestId: "r" }, false, { kind: "poll", everyMs: 10_000 }],
    ["a phase makes it ours", { phase: "queued" }, false, { kind: "poll", everyMs: 10_000 }],
    ["the server waits where it can", { phase: "queued", version: 3 }, true, { kind: "wait", sinceVersion: 3 }],
    [
      "the original application's server knows no versions",
      { requestId: "r" },
      true,
      { kind: "poll", everyMs: 10_000 },
    ],
  ])("%s", (_, media, offersWaiting, strategy) => {
    expect(pollingStrategy({ media }, offersWaiting)).toEqual(strategy);
  });
});

describe("where the server waits", () => {
  it("each question names what is known, and each answer is an update", async () => {
    const script = [NOTHING_NEW, got(generating(2)), got(completed(3))];
    const { calls, updates, result } = await watched(mediaSpace(), script);
    expect(paths(calls)).toEqual([
      "/spaces/holiday/media/m-1?sinceVersion=1&waitSeconds=20",
      "/spaces/holiday/media/m-1?sinceVersion=1&waitSeconds=20",
      "/spaces/holiday/media/m-1?sinceVersion=2&waitSeconds=20",
    ]);
    expect(updates).toEqual(["generating", "completed"]);
    expect(result).toMatchObject({ status: "fulfilled", value: { media: { phase: "completed" } } });
  });

  it("an empty answer that comes at once, as from a proxy, is followed by no more than a question a second", async () => {
    const script = [...Array<Step>(60).fill(NOTHING_NEW), got(completed(2))];
    for (const media of [mediaSpace(), { spaceId: "holiday", id: "m-1" }]) {
      const { calls } = await watched(media, script);
      expect(calls.map(({ at }) => at)).toEqual(calls.map((_, n) => n * SECOND));
    }
  });

  it("news are asked for again at once", async () => {
    const { calls } = await watched(mediaSpace(), [got(generating(2)), got(completed(3))]);
    expect(calls.map(({ at }) => at)).toEqual([0, 0]);
  });

  it("a status that is not in our list is not an end", async () => {
    const newer = mediaSpace({ generationStatus: "upscaling" as never, version: 2 });
    const { updates, result } = await watched(mediaSpace(), [got(newer), got(completed(3))]);
    expect(updates).toHaveLength(2);
    expect(result).toMatchObject({ status: "fulfilled", value: { media: { generationStatus: "completed" } } });
  });

  it("two ids are enough, as after a reload", async () => {
    const script = [got(generating(4)), got(completed(5))];
    const { calls, updates } = await watched({ spaceId: "holiday", id: "m-1" }, script);
    expect(paths(calls)[0]).toBe("/spaces/holiday/media/m-1");
    expect(updates).toEqual(["generating", "completed"]);
  });

  it("a failed generation is an end, not an error", async () => {
    const failed = mediaSpace({
      generationStatus: "failed",
      phase: "failed",
      version: 2,
      error: { code: "x", message: "y" },
    });
    const { result } = await watched(mediaSpace(), [got(failed)]);
    expect(result).toMatchObject({ status: "fulfilled", value: { media: { error: { code: "x" } } } });
  });

  it("what has ended is not asked for", async () => {
    const { calls, updates, result } = await watched(completed(9), []);
    expect([calls, updates, result.status]).toEqual([[], ["completed"], "fulfilled"]);
  });

  it("its description may be waited for too", async () => {
    const script = [
      got(completed(2, { analysisStatus: "pending" })),
      got(completed(3, { analysisStatus: "completed" })),
    ];
    expect((await watched(mediaSpace(), script)).calls).toHaveLength(1);
    expect((await watched(mediaSpace(), script, { until: "described" })).updates).toEqual(["completed", "completed"]);
  });
});

describe("where the server does not wait", () => {
  it("it is asked every 10 s instead, as soon as that shows", async () => {
    const { calls } = await watched(mediaSpace(), [got(mediaSpace()), checked(generating(2)), checked(completed(3))]);
    expect(paths(calls)).toEqual([
      "/spaces/holiday/media/m-1?sinceVersion=1&waitSeconds=20",
      "/media/check-generation",
      "/media/check-generation",
    ]);
    expect(calls.map(({ at }) => at)).toEqual([0, 10 * SECOND, 20 * SECOND]);
  });

  it("the original application's own server, which has only check-generation, is asked there", async () => {
    const noSuchRoute: Step = { status: 404, body: { message: "Not Found" } };
    const { calls, result } = await watched(generating(1), [
      noSuchRoute,
      checked(generating(1)),
      checked(completed(2)),
    ]);
    expect(paths(calls).slice(1)).toEqual(["/media/check-generation", "/media/check-generation"]);
    expect(result.status).toBe("fulfilled");
  });
});

describe("a record of the original application's older versions", () => {
  it.each([
    ["video", "generating-video", 5],
    ["image", "generating-video", 1],
    ["image", "generating-image", 1],
    ["video", "a status of its own", 5],
  ])("%s, %s: is asked for every %d s, for 5 minutes at most", async (type, generationStatus, seconds) => {
    const record = legacy({ type: type as never, generationStatus: generationStatus as never });
    const { calls, result } = await watched(record, [checked(record)]);
    expect(paths(calls)[0]).toBe("/media/check-generation");
    expect(calls.map(({ at }) => at)).toEqual(calls.map((_, n) => (n + 1) * seconds * SECOND));
    expect(calls.at(-1)?.at).toBe(5 * MINUTE);
    expect(result).toMatchObject({ status: "rejected", reason: { name: "GaveUpError", code: "gave_up" } });
  });

  it("that turns out to be fal's is followed as such from then on", async () => {
    const { calls } = await watched(legacy(), [checked(generating(2)), NOTHING_NEW, got(completed(3))]);
    expect(paths(calls).slice(1)).toEqual([
      "/spaces/holiday/media/m-1?sinceVersion=2&waitSeconds=20",
      "/spaces/holiday/media/m-1?sinceVersion=2&waitSeconds=20",
    ]);
  });
});

describe("trouble on the way", () => {
  it("is told once, tried again, and told when it is over", async () => {
    const script = [DOWN, DOWN, DOWN, DOWN, got(generating(1)), got(completed(2))];
    const { calls, updates, result } = await watched(generating(1), script);
    expect(updates).toEqual(["generating (no_answer)", "generating", "completed"]);
    expect(result.status).toBe("fulfilled");
    expect(paths(calls)[1]).toBe("/spaces/holiday/media/m-1");
  });

  it("of twenty seconds is over within five more", async () => {
    const api = fakeApi(DOWN);
    let backAt = 0;
    const watch = watchGeneration(generating(1), {
      ...api,
      fetch: async (...of) => {
        if (Date.now() < start + 20 * SECOND) return api.fetch(...of);
        backAt ||= Date.now() - start;
        return fakeApi(got(completed(2))).fetch(...of);
      },
    });
    const start = Date.now();
    await vi.runAllTimersAsync();
    expect((await watch).media.phase).toBe("completed");
    expect(backAt).toBeLessThanOrEqual(25 * SECOND);
    expect(api.calls.length).toBeLessThan(15);
  });

  it.each([429, 500, 502, 503, 504])("%d is trouble, not an end", async (status) => {
    const { updates } = await watched(generating(1), [{ status }, got(completed(2))]);
    expect(updates).toEqual([`generating (http_${status})`, "completed"]);
  });

  it.each([
    [404, "media_not_found"],
    [401, "unauthorized"],
    [403, "forbidden"],
  ])("%d is the end of watching", async (status, code) => {
    const { result } = await watched(generating(1), [{ status, body: { error: "no", code, traceId: "t" } }]);
    expect(result).toMatchObject({ status: "rejected", reason: { name: "ApiError", status, code } });
  });

  it("a machine that slept asks anew: no question outlives its time", async () => {
    const { calls, updates } = await watched(generating(1), ["hang", got(completed(2))]);
    expect(updates).toEqual(["generating (no_answer)", "completed"]);
    expect(calls[1]?.at).toBeGreaterThanOrEqual(35 * SECOND);
  });
});

describe("a page", () => {
  class PageDocument extends EventTarget {
    visibilityState = "visible";
    show(visibilityState: "visible" | "hidden") {
      this.visibilityState = visibilityState;
      this.dispatchEvent(new Event("visibilitychange"));
    }
  }
  let document: PageDocument;
  beforeEach(() => {
    document = new PageDocument();
    vi.stubGlobal("document", document);
  });

  it("that is hidden asks nothing, and asks at once when it is shown", async () => {
    document.show("hidden");
    const api = fakeApi(got(completed(2)));
    const watch = watchGeneration(generating(1), api);
    await vi.advanceTimersByTimeAsync(60 * MINUTE);
    expect(api.calls).toEqual([]);
    document.show("visible");
    expect((await watch).media.phase).toBe("completed");
    expect(api.calls.map(({ at }) => at)).toEqual([60 * MINUTE]);
  });

  it("that was hidden between two polls does not wait for the next when it is shown", async () => {
    const api = fakeApi(got(generating(1)), checked(completed(2)));
    const watch = watchGeneration(generating(1), api);
    await vi.advanceTimersByTimeAsync(4 * SECOND);
    document.show("hidden");
    await vi.advanceTimersByTimeAsync(30 * SECOND);
    expect(api.calls).toHaveLength(1);
    document.show("visible");
    await watch;
    expect(api.calls[1]?.at).toBe(34 * SECOND);
  });

  it("whose network is back asks at once", async () => {
    const page = new EventTarget();
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
    const api = fakeApi(DOWN, DOWN, DOWN, DOWN, DOWN, got(completed(2)));
    const watch = watchGeneration(generating(1), api);
    while (api.calls.length < 5) await vi.advanceTimersByTimeAsync(100);
    const cutAt = Date.now();
    page.dispatchEvent(new Event("online"));
    await watch;
    expect(Date.now()).toBe(cutAt);
  });
});

describe("as an iterator", () => {
  it("it gives each update, and ends with the generation", async () => {
    const api = fakeApi(got(generating(2)), got(completed(3)));
    const seen: unknown[] = [];
    for await (const { media } of watchGeneration(mediaSpace(), api)) seen.push(media.phase);
    expect(seen.at(-1)).toBe("completed");
  });

  it("it throws what ends the watching", async () => {
    const api = fakeApi({ status: 404, body: { error: "no", code: "media_not_found", traceId: "t" } });
    const all = async () => {
      for await (const update of watchGeneration(mediaSpace(), api)) expect(update).toBeUndefined();
    };
    await expect(all()).rejects.toMatchObject({ code: "media_not_found" });
  });

  it("that is left early asks no more", async () => {
    const api = fakeApi(got(generating(2)), "hang");
    for await (const { media } of watchGeneration(mediaSpace(), api)) {
      expect(media.version).toBe(2);
      break;
    }
    await vi.advanceTimersByTimeAsync(10 * MINUTE);
    expect(api.calls.length).toBeLessThanOrEqual(2);
  });
});

it("ends with the caller's reason when it is not wanted any more", async () => {
  const controller = new AbortController();
  const api = fakeApi("hang");
  const watch = watchGeneration(mediaSpace(), { ...api, signal: controller.signal });
  const ended = Promise.allSettled([watch]);
  controller.abort(new Error("unmounted"));
  expect(await ended).toMatchObject([{ status: "rejected", reason: { message: "unmounted" } }]);
  expect(api.calls.length).toBeLessThanOrEqual(1);
});
