// The whole way of a generation: the real handlers on the real definition in virtual time; only fal, the web and the clock are played.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FetchError } from "../../shared/media/errors.ts";
import { answer } from "../support/fake-fal.ts";
import { inProcessCloud, PHOTO_URL, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));
vi.mock("../../shared/services/checked-fetch.ts", () => ({
  checkedFetch: () => (url: string, limits: never) => link.fetch?.(url, limits),
}));

let cloud: InProcessCloud;
beforeEach(async () => {
  cloud = await inProcessCloud(link, "running");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  cloud.workflow.close();
  vi.useRealTimers();
});

async function start(overrides: Record<string, unknown> = {}) {
  const body = {
    spaceId: "holiday",
    type: "video",
    context: "The waves roll in.",
    mediaSpace: { media: { image: { link: PHOTO_URL } } },
    ...overrides,
  };
  const { json } = await cloud.call("POST /api/media/enhance", { body });
  return json.data?.mediaSpace?.id ?? "";
}

async function media(id: string) {
  const { json } = await cloud.call("GET /api/spaces/{spaceId}/media/{id}", { path: { spaceId: "holiday", id } });
  return json.data?.mediaSpace?.media;
}

/** Lets time pass, but only while no function runs, until the execution has ended. */
async function followed(id: string) {
  const startedAt = Date.now();
  await cloud.untilEnded(id, () => vi.advanceTimersToNextTimerAsync());
  return { ...(await media(id)), seconds: (Date.now() - startedAt) / 1000 };
}

describe("a generation", () => {
  it("goes from the picture to the described video, one look every ten seconds", async () => {
    const id = await start({ mode: "pro", duration: "10", aspectRatio: "9:16" });
    expect(await followed(id)).toMatchObject({
      phase: "completed",
      requestId: "job-1",
      generationMode: "pro",
      video: { file_type: "mp4", quality: "hd", width: 1920, height: 1080, fps: 24, durationInSeconds: 5 },
      analysisStatus: "completed",
      description: [{ start: 0, text: "Waves at a beach." }],
      seconds: 30,
    });
    expect(cloud.steps).toEqual([
      "submit-generation",
      "check-status",
      "check-status",
      "check-status",
      "finalize-and-analyze",
    ]);
    expect(cloud.fal.posts.map(({ path }) => path)).toEqual(["/fal-ai/kling-video/v2.1/pro/image-to-video"]);
    expect(cloud.published.map(({ type }) => type)).toEqual([
      "Generation Started",
      "Generation Completed",
      "Media Analyzed",
    ]);
  });

  it("is not disturbed by ten bad answers to the status", async () => {
    cloud.fal.answers("GET", "/status", ...Array.from({ length: 5 }, () => answer(500, {})));
    cloud.fal.answers("GET", "/status", ...Array.from({ length: 5 }, () => new TypeError("fetch failed")));
    const id = await start();
    expect(await followed(id)).toMatchObject({ phase: "completed", seconds: 130 });
    expect(cloud.fal.posts).toHaveLength(1);
  });

  it("ends as failed, in fal's words, when the job failed", async () => {
    cloud.fal.answers(
      "GET",
      "/requests/job-1",
      answer(422, { detail: [{ type: "content_policy_violation", msg: "A brand." }] }),
    );
    expect(await followed(await start())).toMatchObject({
      phase: "failed",
      generationStatus: "failed",
      error: { code: "content_policy_violation", message: "A brand." },
    });
    expect(cloud.published.map(({ type }) => type)).toEqual(["Generation Started", "Generation Failed"]);
  });

  it("that never ends is timed out at its deadline, and stopped at fal", async () => {
    cloud.fal.runningLooks = Infinity;
    expect(await followed(await start())).toMatchObject({
      phase: "failed",
      error: { code: "timed_out" },
      // One look more, at what came of the word to stop.
      seconds: 3610,
    });
    const stop = { method: "PUT", path: "/fal-ai/kling-video/requests/job-1/cancel" };
    expect(cloud.fal.calls.filter(({ method }) => method === "PUT")).toMatchObject([stop]);
    expect(cloud.steps.at(-1)).toBe("record-failure");
  });

  it("is copied again until it is there", async () => {
    const clip = cloud.web.get(cloud.fal.videoUrl);
    cloud.web.set(cloud.fal.videoUrl, new FetchError("unavailable", "The server answered 503."));
    const id = await start();
    let copies = 0;
    const fetch = link.fetch;
    link.fetch = async (url, limits) => {
      if (url === cloud.fal.videoUrl && ++copies === 6 && clip) cloud.web.set(url, clip);
      if (!fetch) throw new Error("no web");
      return fetch(url, limits);
    };
    expect(await followed(id)).toMatchObject({ phase: "completed" });
    expect(copies).toBe(6);
  });

  it.each([500, 404, 403])("whose result answers %d for ever ends too, and does not stay open", async (status) => {
    cloud.fal.always("GET", "/requests/job-1", () => answer(status, { detail: "no" }));
    const { seconds, ...ended } = await followed(await start());
    expect(ended).toMatchObject({ phase: "failed", error: { code: "delivery_failed" }, requestId: "job-1" });
    expect(seconds).toBeLessThan(4240);
  });

  it("whose video never arrives ends as delivery_failed, within ten minutes after its deadline", async () => {
    cloud.web.set(cloud.fal.videoUrl, new FetchError("unavailable", "HTTP 503"));
    const { seconds, ...ended } = await followed(await start());
    expect(ended).toMatchObject({ phase: "failed", error: { code: "delivery_failed" }, requestId: "job-1" });
    expect(seconds).toBeGreaterThanOrEqual(4140);
    expect(seconds).toBeLessThan(4200);
  });
});

describe("a submit", () => {
  it.each([
    ["drops", () => Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } })],
    ["is answered 503", () => answer(503, {})],
    ["is answered without an id", () => answer(200, {})],
  ])("that %s is one POST for ever, and ends in the open after 15 minutes", async (_what, fault) => {
    cloud.fal.answers("POST", "image-to-video", fault());
    const { seconds, ...ended } = await followed(await start());
    expect(ended).toMatchObject({ phase: "failed", error: { code: "submit_outcome_unknown" } });
    expect(seconds).toBe(900);
    expect(cloud.fal.posts).toHaveLength(1);
  });

  it("whose answer was lost is found in fal's history, and the video is delivered", async () => {
    cloud.fal.answers("POST", "image-to-video", new TypeError("fetch failed"));
    const id = await start();
    const history = () => {
      const [post] = cloud.fal.posts;
      return answer(200, { items: [{ request_id: "job-lost", json_input: post?.body }] });
    };
    cloud.fal.answers("GET", "/by-endpoint", answer(200, { items: [] }), answer(500, {}));
    cloud.fal.next.push({ method: "GET", ending: "/by-endpoint", answer: history });
    expect(await followed(id)).toMatchObject({ phase: "completed", requestId: "job-lost" });
    expect(cloud.fal.posts).toHaveLength(1);
  });

  it("that met a busy fal is made again, later each time", async () => {
    cloud.fal.answers("POST", "image-to-video", answer(429, {}), answer(429, {}), answer(429, {}));
    expect(await followed(await start())).toMatchObject({ phase: "completed", requestId: "job-4" });
    expect(cloud.fal.posts).toHaveLength(4);
  });

  it("that was refused ends as failed, in fal's words", async () => {
    cloud.fal.answers("POST", "image-to-video", answer(422, { detail: "The prompt is empty." }));
    expect(await followed(await start())).toMatchObject({
      phase: "failed",
      error: { message: "The prompt is empty." },
    });
  });

  it("that is refused for the account's sake waits without an execution, and is made when fal takes jobs again", async () => {
    const locked = () => answer(403, { detail: "User is locked. Reason: Exhausted balance." });
    cloud.fal.answers("POST", "image-to-video", locked(), locked());
    const health = async () => (await cloud.call("GET /health")).json;
    const id = await start();
    // One step and one look: however long it waits, no execution has a longer history.
    expect(await followed(id)).toMatchObject({
      phase: "queued",
      generationStatus: "generating-video",
      hold: { code: "provider_account_locked" },
      seconds: 10,
    });
    expect(await health()).toMatchObject({ provider: "held" });
    const sweep = async () => {
      await vi.advanceTimersByTimeAsync(60_000);
      await cloud.invoke("sweep-generations", { detail: {} });
    };
    await sweep();
    await cloud.untilEnded(`${id}-r1`, () => vi.advanceTimersToNextTimerAsync());
    expect(await media(id)).toMatchObject({ phase: "queued" });
    expect(cloud.fal.posts).toHaveLength(2);
    await sweep();
    await cloud.untilEnded(`${id}-r2`, () => vi.advanceTimersToNextTimerAsync());
    const made = await media(id);
    expect(made).toMatchObject({ phase: "completed", requestId: "job-3" });
    expect(made).not.toHaveProperty("hold");
    expect(await health()).toMatchObject({ provider: "ok" });
    expect(cloud.published.map(({ type }) => type)).toEqual([
      "Provider Account Held",
      "Generation Started",
      "Provider Account Released",
      "Generation Completed",
      "Media Analyzed",
    ]);
  });
});

describe("a picture", () => {
  it("that its host will not deliver ends the generation after three more tries", async () => {
    cloud.web.set(PHOTO_URL, new FetchError("unavailable", "The server answered 503."));
    expect(await followed(await start())).toMatchObject({
      phase: "failed",
      error: {
        code: "image_unreachable",
        message: expect.stringMatching(/by its host\. .* \(The server answered 503\)$/),
      },
      seconds: 35,
    });
    expect(cloud.fal.calls).toEqual([]);
    expect(cloud.steps.at(-1)).toBe("record-failure");
  });

  it("that is a page ends it at once", async () => {
    cloud.web.set(PHOTO_URL, Buffer.from("<html>"));
    expect(await followed(await start())).toMatchObject({ phase: "failed", error: { code: "image_type_unsupported" } });
    expect(cloud.fal.calls).toEqual([]);
  });
});

describe("when everything else breaks", () => {
  it("the sweeper takes the event of its schedule as AWS sends it", async () => {
    await cloud.invoke("sweep-generations", { version: "0", source: "aws.scheduler", detail: "{}" });
  });

  it("the sweeper finishes what a lost execution left", async () => {
    cloud.fal.runningLooks = 5;
    const id = await start();
    await vi.waitFor(async () => expect((await media(id))?.phase).toBe("generating"));
    cloud.workflow.stopExecution({ executionArn: cloud.executionArn(id) });
    await cloud.invoke("sweep-generations", { detail: { all: true } });
    await cloud.untilEnded(`${id}-r1`, () => vi.advanceTimersToNextTimerAsync());
    expect(await media(id)).toMatchObject({ phase: "completed", requestId: "job-1" });
    expect(cloud.fal.posts).toHaveLength(1);
  });
});
