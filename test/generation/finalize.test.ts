// A finished job becomes a video of ours, or a failure in fal's words.
import type { VideoDescriber } from "../../shared/media/ports.ts";
import { beforeEach, describe, expect, it } from "vitest";
import { createHash } from "node:crypto";
import {
  DeliveryError,
  FetchError,
  GenerationFailedError,
  ProviderUnavailableError,
} from "../../shared/media/errors.ts";
import { finalizeGeneration } from "../../shared/generation/finalize.ts";
import { redriveGeneration } from "../../shared/generation/redrive.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { mediaWorld, type MediaWorld } from "../support/media-world.ts";
import { storedVideo } from "../support/sample-media.ts";

const VIDEO_URL = "https://fal.example/files/video.mp4";
const generating = {
  phase: "generating",
  requestId: "r1",
  attempt: 1,
  submittedAt: "2026-01-01T00:00:00.000Z",
} as const;

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

describe("a video that fal has finished", () => {
  it("is stored with the facts that the MP4 itself tells, then described", async () => {
    const ref = await world.given(generating);
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "done" });
    const media = await world.media();
    const clip = world.web.get(VIDEO_URL);
    if (!(clip instanceof Buffer)) throw new Error("no clip");
    expect(media).toMatchObject({
      phase: "completed",
      video: {
        key: `videos/${media.id}.mp4`,
        size: clip.length,
        sha256: createHash("sha256").update(clip).digest("hex"),
        width: 1920,
        height: 1080,
        fps: 24,
        durationInSeconds: 5,
      },
      analysisStatus: "completed",
      description: [{ start: 0, text: "Waves at a beach." }],
    });
    expect(Buffer.from((await world.files.read(`videos/${media.id}.mp4`)) ?? [])).toEqual(clip);
    expect(media).not.toHaveProperty("leaseOwner");
  });

  it("may have 500 MB and four minutes, its first frame 10 MB and 20 s", async () => {
    const asked: object[] = [];
    const fetch: typeof world.fetch = (url, limits) => {
      asked.push(limits);
      return world.fetch(url, limits);
    };
    await finalizeGeneration({ ...world.deps, fetch }, await world.given(generating));
    expect(asked).toEqual([
      { maxBytes: 500 * 1024 * 1024, timeoutMs: 240_000 },
      { maxBytes: 10 * 1024 * 1024, timeoutMs: 20_000 },
    ]);
  });

  it("is announced completed and then analyzed, each once, and leaves nothing open", async () => {
    const ref = await world.given(generating);
    await finalizeGeneration(world.deps, ref);
    await finalizeGeneration(world.deps, ref);
    expect(world.published.map(({ id }) => id)).toEqual([`${ref.mediaId}:completed`, `${ref.mediaId}:analyzed`]);
    expect(await world.records.due("9999", 10)).toEqual([]);
  });

  it("has its first frame beside it, as a poster", async () => {
    await finalizeGeneration(world.deps, await world.given(generating));
    const media = await world.media();
    const poster = { key: `videos/${media.id}.jpg`, width: 1920, height: 1080 };
    expect(media.poster).toEqual(poster);
    const frame = world.web.get("https://fal.example/files/frame.jpg");
    expect(Buffer.from((await world.files.read(poster.key)) ?? [])).toEqual(frame);
    expect((await presentMedia(world.files, media)).media.poster?.link).toContain(poster.key);
  });

  it.each<[string, (of: MediaWorld) => void]>([
    ["fal cannot take it", (of) => (of.takesFrames.url = new ProviderUnavailableError("HTTP 500"))],
    ["no service takes it", (of) => (of.takesFrames.url = undefined)],
    ["it cannot be fetched", (of) => of.web.delete("https://fal.example/files/frame.jpg")],
    ["it is no JPEG", (of) => of.web.set("https://fal.example/files/frame.jpg", Buffer.from("<html>"))],
  ])("has the source image as its poster where %s", async (_why, goesWrong) => {
    goesWrong(world);
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    await finalizeGeneration(world.deps, ref);
    const media = await world.media();
    expect(media).toMatchObject({ phase: "completed", analysisStatus: "completed" });
    expect(media.poster).toBeUndefined();
    const shown = (await presentMedia(world.files, media)).media;
    expect(shown.poster).toEqual({ link: shown.image?.link, width: 1600, height: 1067 });
  });

  it("stays completed when its poster cannot be kept", async () => {
    const ref = await world.given(generating);
    const put: typeof world.files.put = (key, ...file) =>
      key.endsWith(".jpg") ? Promise.reject(new Error("AccessDenied")) : world.files.put(key, ...file);
    await finalizeGeneration({ ...world.deps, files: { ...world.files, put } }, ref);
    expect(await world.media()).toMatchObject({ phase: "completed", analysisStatus: "completed" });
  });

  it("is described in 4,000 characters at most, and once, however many come", async () => {
    world.describes.text = `A ${"🌊".repeat(200_000)}`;
    await finalizeGeneration(world.deps, await world.given(generating));
    const media = await world.media();
    const [said] = media.description;
    expect(media.analysisStatus).toBe("completed");
    expect(said?.text).toHaveLength(4000);
    expect(said?.text.isWellFormed()).toBe(true);
  });

  it("stays completed when it cannot be described", async () => {
    world.describes.text = new Error("WorkflowAI is down");
    await finalizeGeneration(world.deps, await world.given(generating));
    expect(await world.media()).toMatchObject({ phase: "completed", analysisStatus: "failed", description: [] });
  });

  it("is described by the next process after one that died before describing it", async () => {
    const completed = { ...generating, phase: "completed", video: storedVideo() } as const;
    const ref = await world.given({ ...completed, analysisStatus: "pending" });
    await finalizeGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ analysisStatus: "completed" });
  });

  it("is described by what its frames show, the first of which is the poster and is taken once", async () => {
    const ref = await world.given(generating);
    const seen: (string | undefined)[] = [];
    const describer: VideoDescriber = {
      describe: async ({ videoUrl, frame }) => {
        seen.push(videoUrl, ...(await Promise.all([frame("first"), frame("middle"), frame("last"), frame("first")])));
        return "Waves.";
      },
    };
    await finalizeGeneration({ ...world.deps, describer }, ref);
    const frame = "https://fal.example/files/frame.jpg";
    expect(seen).toEqual(["https://fal.example/files/video.mp4", frame, frame, frame, frame]);
    expect(world.takesFrames.taken.toSorted()).toEqual(["first", "last", "middle"]);
    expect((await world.media()).poster).toBeDefined();
  });

  it("is described once, though the sweeper looks at it meanwhile", async () => {
    const ref = await world.given(generating);
    world.executions.set(ref.mediaId, { ...ref, enter: "submit", lap: true });
    let described = 0;
    const describer = {
      describe: async () => {
        described++;
        world.clock.advance(20);
        await sweepGenerations(world.deps, { all: true });
        return "Waves.";
      },
    };
    expect(await finalizeGeneration({ ...world.deps, describer }, ref)).toEqual({ next: "done" });
    expect(await world.media()).toMatchObject({ analysisStatus: "completed", description: [{ text: "Waves." }] });
    expect(described).toBe(1);
  });

  it("is stored by one of many who try at once", async () => {
    const ref = await world.given(generating);
    let copies = 0;
    const fetch: typeof world.fetch = (url, limits) => {
      if (url === VIDEO_URL) copies++;
      return world.fetch(url, limits);
    };
    await Promise.all(Array.from({ length: 10 }, () => finalizeGeneration({ ...world.deps, fetch }, ref)));
    expect(copies).toBe(1);
    expect((await world.media()).phase).toBe("completed");
  });

  it.each(["generating", "finalizing"] as const)(
    "is stored at once when the answer to the lease was lost on the way (%s)",
    async (phase) => {
      let updates = 0;
      world = await mediaWorld({ loses: (operation) => operation === "UpdateItem" && ++updates === 1 });
      await finalizeGeneration(world.deps, await world.given({ ...generating, phase }));
      expect((await world.media()).phase).toBe("completed");
    },
  );

  it("is left to the holder of a live lease", async () => {
    const ref = await world.given({
      ...generating,
      phase: "finalizing",
      leaseOwner: "x",
      leaseUntil: "2026-01-01T00:05:00.000Z",
    });
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "wait" });
    expect((await world.media()).phase).toBe("finalizing");
  });
});

describe("a copy that fails", () => {
  it.each([
    ["is not there", new FetchError("not_found", "404")],
    ["redirects", new FetchError("redirect", "302")],
    ["leads to a private address", new FetchError("forbidden", "169.254.169.254")],
    ["is too large", new FetchError("too_large", "5 GB")],
    ["breaks off", new FetchError("unavailable", "ECONNRESET")],
    ["is no video", Buffer.from("<html>gone</html>")],
  ])("because the file %s is tried again after half a minute", async (_why, found) => {
    const ref = await world.given(generating);
    const clip = world.web.get(VIDEO_URL);
    world.web.set(VIDEO_URL, found);
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(DeliveryError);
    expect(await world.media()).toMatchObject({ phase: "finalizing", providerVideoUrl: VIDEO_URL });
    if (clip) world.web.set(VIDEO_URL, clip);
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "wait" });
    world.clock.advance(30);
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "done" });
    expect((await world.media()).phase).toBe("completed");
  });

  it("by the store's fault is tried again too", async () => {
    const ref = await world.given(generating);
    const files = { ...world.files, put: () => Promise.reject(new Error("AccessDenied")) };
    await expect(finalizeGeneration({ ...world.deps, files }, ref)).rejects.toThrow("AccessDenied");
    world.clock.advance(30);
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "done" });
  });

  it("shorter than announced is not committed", async () => {
    const ref = await world.given(generating);
    const fetch: typeof world.fetch = async (...args) => ({ ...(await world.fetch(...args)), contentLength: 1e6 });
    await expect(finalizeGeneration({ ...world.deps, fetch }, ref)).rejects.toThrow("announced 1000000 bytes");
    expect((await world.media()).phase).toBe("finalizing");
  });
});

describe("a link that leads nowhere", () => {
  it("is asked for anew at each try, and the known one is kept for when fal has forgotten the result", async () => {
    world.kling.result = "https://fal.example/files/wrong.mp4";
    const ref = await world.given(generating);
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(DeliveryError);
    world.clock.advance(30);
    world.kling.result = new ProviderUnavailableError("HTTP 404");
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(DeliveryError);
    world.clock.advance(30);
    world.kling.result = "https://fal.example/files/video.mp4";
    await finalizeGeneration(world.deps, ref);
    expect((await world.media()).phase).toBe("completed");
  });
});

describe("a job that failed at fal", () => {
  it("ends as failed, in fal's words", async () => {
    world.kling.result = new GenerationFailedError("content_policy_violation", "The picture shows a brand.");
    expect(await finalizeGeneration(world.deps, await world.given(generating))).toEqual({ next: "done" });
    expect(await world.media()).toMatchObject({
      phase: "failed",
      error: { code: "content_policy_violation", message: "The picture shows a brand." },
    });
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Failed"]);
  });

  const words = 'My daughter "Léa" runs\ninto the garden of 12 Elm Street';
  it.each([
    ["as they are", `bad: ${words}`, "bad: ..."],
    ["as JSON", `bad: ${JSON.stringify(words)}, sorry`, 'bad: "...", sorry'],
    ["as JSON in ASCII", `bad: ${JSON.stringify(words).replace("é", "\\u00e9")}, sorry`, 'bad: "...", sorry'],
    ["cut off", `bad: ${words.slice(0, 40)}...`, "bad: ..."],
    ["as JSON that is cut off", `bad: ${JSON.stringify(words).slice(0, 40)}`, 'bad: "...'],
  ])("ends without the words of its tenant, which fal quotes %s", async (_how, message, left) => {
    world.kling.result = new GenerationFailedError("content_policy_violation", message);
    await finalizeGeneration(world.deps, await world.given({ ...generating, context: words, prompt: words }));
    expect((await world.media()).error?.message).toBe(left);
  });

  it.each([
    ["No face was found", "No face was found"],
    ['The negative prompt "a" is too short', 'The negative prompt "..." is too short'],
    ["The negative prompt 'a' is too short", "The negative prompt '...' is too short"],
    ['{"negative_prompt": "a"}', '{"negative_prompt": "..."}'],
    ['"{\\"negative_prompt\\": \\"a\\"}"', '"{\\"negative_prompt\\": \\"...\\"}"'],
  ])("ends in fal's sentence, of which short words are cut only where they are quoted: %s", async (message, left) => {
    world.kling.result = new GenerationFailedError("face_detection_error", message);
    await finalizeGeneration(world.deps, await world.given({ ...generating, negativePrompt: "a" }));
    expect((await world.media()).error).toEqual({ code: "face_detection_error", message: left });
  });

  it("ends in as many of fal's words as a record may hold", async () => {
    world.kling.result = new GenerationFailedError("odd".repeat(1e5), `${"x".repeat(499)}🌊`);
    await finalizeGeneration(world.deps, await world.given(generating));
    const { error } = await world.media();
    expect([error?.code.length, error?.message.length]).toEqual([100, 500]);
    expect(error?.message.isWellFormed()).toBe(true);
  });

  it("with a server error as its result ends as failed when its status says so", async () => {
    world.kling.result = new ProviderUnavailableError("HTTP 500");
    world.kling.status = { status: "COMPLETED", error: "The runner crashed.", error_type: "runner_server_error" };
    await finalizeGeneration(world.deps, await world.given(generating));
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "runner_server_error" } });
  });

  it("ends in the words of its result where its status tells no more than an HTTP status", async () => {
    const reason = { type: "generation_timeout", words: "The video took too long." };
    world.kling.result = new ProviderUnavailableError("HTTP 504", { reason });
    world.kling.status = { status: "COMPLETED", error: "Invalid status code: 504", error_type: "bad_request" };
    await finalizeGeneration(world.deps, await world.given(generating));
    expect((await world.media()).error).toEqual({ code: "generation_timeout", message: "The video took too long." });
  });

  it("for the account's sake is said to its caller in our words, without what only an operator can do", async () => {
    const words = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.";
    world.kling.result = new GenerationFailedError("provider_account_locked", words);
    await finalizeGeneration(world.deps, await world.given(generating));
    const { error } = await world.media();
    expect(error?.code).toBe("provider_account_locked");
    expect(error?.message).toMatch(/This service's account at fal\.ai .* Tell the operator/);
    expect(error?.message).not.toMatch(/balance|top up|dashboard/i);
  });

  it("is not what a result is that fal goes on withholding: after two minutes it can be redriven", async () => {
    const withheld = { reason: { words: "Forbidden" }, isWithheld: true };
    world.kling.result = new ProviderUnavailableError("HTTP 403", withheld);
    world.kling.status = { status: "COMPLETED" };
    const ref = await world.given(generating);
    for (const seconds of [0, 60, 59]) {
      world.clock.advance(seconds);
      await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
    }
    world.clock.advance(1);
    expect(await finalizeGeneration(world.deps, ref)).toEqual({ next: "done" });
    const { error } = await world.media();
    expect(error).toMatchObject({ code: "delivery_failed", message: expect.stringContaining("Forbidden") });
    world.kling.result = VIDEO_URL;
    await redriveGeneration(world.deps, ref.mediaId);
    await finalizeGeneration(world.deps, ref);
    expect((await world.media()).phase).toBe("completed");
  });

  it("is asked again when only the answer was bad", async () => {
    world.kling.result = new ProviderUnavailableError("HTTP 500");
    world.kling.status = { status: "COMPLETED" };
    const ref = await world.given(generating);
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
    expect((await world.media()).phase).toBe("generating");
  });

  it("without a video in its result is asked again for two minutes: the next answer may have it", async () => {
    const nothing = new GenerationFailedError("no_media_generated", "fal finished the job but returned no video.");
    world.kling.result = nothing;
    const ref = await world.given(generating);
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
    world.clock.advance(119);
    await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
    expect((await world.media()).phase).toBe("generating");
    world.clock.advance(1);
    await finalizeGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "no_media_generated" } });
  });

  it.each([
    ["says nothing", { status: "COMPLETED" } as const],
    ["is out of reach as well", new ProviderUnavailableError("HTTP 502")],
  ])(
    "twice without a video, minutes apart and with bad gateways between, has not failed: its status %s",
    async (_, status) => {
      const ref = await world.given(generating);
      const nothing = new GenerationFailedError("no_media_generated", "fal finished the job but returned no video.");
      world.kling.status = status;
      for (const result of [nothing, new ProviderUnavailableError("HTTP 502"), nothing]) {
        world.kling.result = result;
        await expect(finalizeGeneration(world.deps, ref)).rejects.toBeInstanceOf(ProviderUnavailableError);
        world.clock.advance(150);
      }
      world.kling.result = VIDEO_URL;
      await finalizeGeneration(world.deps, ref);
      expect((await world.media()).phase).toBe("completed");
    },
  );

  it("because we stopped it at its deadline ends as timed out", async () => {
    world.kling.result = new GenerationFailedError("client_cancelled", "canceled");
    const ref = await world.given(generating);
    world.clock.advance(3600);
    await finalizeGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "failed", error: { code: "timed_out" } });
  });

  it("because it was canceled ends as canceled", async () => {
    world.kling.result = new GenerationFailedError("client_cancelled", "canceled");
    await finalizeGeneration(
      world.deps,
      await world.given({ ...generating, cancelRequestedAt: "2026-01-01T00:00:01.000Z" }),
    );
    expect((await world.media()).phase).toBe("canceled");
  });
});
