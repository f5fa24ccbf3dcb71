// The step that spends money: at most one POST, whatever happens around it.
import { beforeEach, describe, expect, it } from "vitest";
import sharp from "sharp";
import { checkStatus } from "../../shared/generation/check.ts";
import { FetchError, SourceImageUnavailableError, SubmitError } from "../../shared/media/errors.ts";
import { sweepGenerations } from "../../shared/generation/sweep.ts";
import { submitGeneration } from "../../shared/generation/submit.ts";
import { createKlingTestMode } from "../../shared/adapters/kling-test-mode.ts";
import { unaccepted } from "../support/fake-kling.ts";
import { presentMedia } from "../../shared/contract/present.ts";
import { mediaWorld, photo, type MediaWorld } from "../support/media-world.ts";

let world: MediaWorld;
beforeEach(async () => {
  world = await mediaWorld();
});

function imageBytes(dataUri: string | undefined): Buffer {
  return Buffer.from((dataUri ?? "").replace("data:image/jpeg;base64,", ""), "base64");
}

describe("a submit that fal accepts", () => {
  it("sends the enhanced words and the fitted picture, and records the request id", async () => {
    const ref = await world.given({ aspectRatio: "9:16", duration: "10", negativePrompt: "blur", cfgScale: 0 });
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "wait", requestId: "request-1" });
    const [post] = world.kling.posts;
    expect(post).toMatchObject({
      mode: { endpointId: "fal-ai/kling-video/v2.1/standard/image-to-video" },
      request: { prompt: "The waves roll in. Cinematic.", duration: "10", negative_prompt: "blur", cfg_scale: 0 },
    });
    const { width, height } = await sharp(imageBytes(post?.request.image_url)).metadata();
    expect([width, height]).toEqual([1080, 1920]);
    expect(await world.media()).toMatchObject({
      phase: "generating",
      requestId: "request-1",
      attempt: 1,
      prompt: "The waves roll in. Cinematic.",
      source: { width: 1080, height: 1920 },
    });
  });

  it("gives fal a link instead of the bytes where fal can reach us", async () => {
    const ref = await world.given();
    await submitGeneration({ ...world.deps, publicUrl: "https://api.example" }, ref);
    const { source } = await world.media();
    expect(world.kling.posts[0]?.request.image_url).toBe(`https://api.example/${source?.key}`);
    expect(source?.key).toMatch(/^sources\/.+-1-[0-9a-f]{32}\.jpg$/);
  });

  it("sends the last frame, taken in the same way", async () => {
    world.web.set("https://pictures.example/end.jpg", await photo(900, 900));
    const ref = await world.given({
      generationMode: "pro",
      tailImageUrl: "https://pictures.example/end.jpg",
      aspectRatio: "1:1",
    });
    await submitGeneration(world.deps, ref);
    const { width } = await sharp(imageBytes(world.kling.posts[0]?.request.tail_image_url)).metadata();
    expect(width).toBe(1080);
  });

  it("keeps a few pixels of the picture in the record, for a page to show at once", async () => {
    await submitGeneration(world.deps, await world.given());
    const shown = (await presentMedia(world.files, await world.media())).media;
    expect(shown.placeholder).toMatch(/^data:image\/webp;base64,/);
    expect(shown.poster).toMatchObject({ width: 1600, height: 1067 });
  });

  it("shows its place in the queue from fal's answer on, before any look", async () => {
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
      startKlingVideoGeneration: async () => ({ request_id: "r", queue_position: 4 }),
    };
    await submitGeneration({ ...world.deps, kling }, await world.given());
    expect((await presentMedia(world.files, await world.media())).media.queuePosition).toBe(4);
  });

  it("shows all that was asked for, so that another request can be made of it", async () => {
    const asked = { negativePrompt: "blur", cfgScale: 0.7 };
    const ref = await world.given(asked);
    const { link } = (await world.media()).image;
    await submitGeneration(world.deps, ref);
    const { media } = await presentMedia(world.files, await world.media());
    expect(media).toMatchObject({ ...asked, image: { originalLink: link, link: expect.not.stringContaining(link) } });
    expect(media).not.toHaveProperty("testMode");
  });

  it("in test mode says so", async () => {
    const kling = createKlingTestMode({ clock: world.clock, samplesOrigin: "http://127.0.0.1:3000" });
    await submitGeneration({ ...world.deps, kling }, await world.given());
    expect((await presentMedia(world.files, await world.media())).media).toMatchObject({
      testMode: true,
      queuePosition: 0,
    });
  });

  it("announces the start on the bus", async () => {
    await submitGeneration(world.deps, await world.given());
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Started"]);
    expect((await world.media()).outbox).toEqual({});
  });

  it("uses the user's own words when the enhanced ones are too long for Kling", async () => {
    world.prompt.write = () => "x".repeat(2501);
    await submitGeneration(world.deps, await world.given());
    expect(world.kling.posts[0]?.request.prompt).toBe("The waves roll in.");
  });
});

describe("never twice", () => {
  it("submits once however often the step is invoked", async () => {
    const ref = await world.given();
    const results = await Promise.all(Array.from({ length: 20 }, () => submitGeneration(world.deps, ref)));
    await submitGeneration(world.deps, ref);
    expect(world.kling.posts).toHaveLength(1);
    expect(results.every(({ next }) => next === "wait")).toBe(true);
  });

  it("claims before it posts", async () => {
    const ref = await world.given();
    let phaseAtPost: string | undefined;
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
      startKlingVideoGeneration: async () => {
        phaseAtPost = (await world.media()).phase;
        return { request_id: "r" };
      },
    };
    await submitGeneration({ ...world.deps, kling }, ref);
    expect(phaseAtPost).toBe("submitting");
  });

  it("claims nothing while its own copy of the picture cannot be read", async () => {
    const ref = await world.given();
    const files = { ...world.files, read: () => Promise.reject(new Error("AccessDenied")) };
    await expect(submitGeneration({ ...world.deps, files }, ref)).rejects.toThrow("AccessDenied");
    expect(await world.media()).toMatchObject({ phase: "queued", attempt: 0 });
    expect(world.kling.posts).toEqual([]);
  });

  it("submits when the answer to its claim was lost on the way, and once", async () => {
    let updates = 0;
    world = await mediaWorld({ loses: (operation) => operation === "UpdateItem" && ++updates === 1 });
    const ref = await world.given();
    await Promise.all(Array.from({ length: 5 }, () => submitGeneration(world.deps, ref)));
    expect(world.kling.posts).toHaveLength(1);
    expect(await world.media()).toMatchObject({ phase: "generating", attempt: 1 });
  });

  it("leaves a submit of unknown outcome alone", async () => {
    world.kling.submits = [unaccepted("in_doubt")];
    const ref = await world.given();
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "wait" });
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "wait" });
    expect(world.kling.posts).toHaveLength(1);
    expect((await world.media()).phase).toBe("submitting");
  });

  it("hands the request id on when it cannot be recorded", async () => {
    const ref = await world.given();
    const move = world.records.move.bind(world.records);
    const records: typeof world.records = {
      ...world.records,
      move: (r, name, ...rest) => (name === "accept" ? Promise.reject(new Error("throttled")) : move(r, name, ...rest)),
    };
    expect(await submitGeneration({ ...world.deps, records }, ref)).toEqual({ next: "wait", requestId: "request-1" });
    expect(world.logged.join("\n")).toContain('fal accepted {"mediaId"');
  });

  it("does nothing for a record that has ended or is gone", async () => {
    const ref = await world.given({ phase: "canceled" });
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "done" });
    expect(await submitGeneration(world.deps, { ...ref, mediaId: "gone" })).toEqual({ next: "done" });
    expect(world.kling.posts).toEqual([]);
  });

  it("does not start what is past its deadline", async () => {
    const ref = await world.given();
    world.clock.advance(3600);
    expect(await submitGeneration(world.deps, ref)).toEqual({ next: "fail", code: "timed_out" });
    expect(world.kling.posts).toEqual([]);
  });
});

describe("a submit under way at its deadline", () => {
  const deadlineAt = "2026-01-01T01:00:00.000Z";

  it("is not given up while fal may still answer it", async () => {
    const ref = await world.given({ deadlineAt, sweepAt: deadlineAt });
    world.clock.advance(3598);
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
      startKlingVideoGeneration: async () => {
        world.clock.advance(4);
        await sweepGenerations(world.deps, { all: false });
        return { request_id: "paid" };
      },
    };
    await submitGeneration({ ...world.deps, kling }, ref);
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "paid" });
  });

  it("is an orphan when fal accepts what another process, its clock five minutes fast, has given up", async () => {
    const ref = await world.given({ deadlineAt });
    world.clock.advance(3500);
    const clock = { now: () => world.clock.now() + 300_000, sleep: async () => {} };
    const kling = {
      cancelKlingRequest: (id: string) => world.kling.cancelKlingRequest(id),
      startKlingVideoGeneration: async () => {
        await sweepGenerations({ ...world.deps, clock }, { all: true });
        return { request_id: "paid" };
      },
    };
    await submitGeneration({ ...world.deps, kling }, ref);
    expect(await world.media()).toMatchObject({
      phase: "failed",
      error: { code: "submit_outcome_unknown" },
      orphanRequestIds: ["paid"],
    });
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Failed", "Generation Orphaned"]);
  });
});

it("what passes its deadline while it is prepared is not submitted", async () => {
  const ref = await world.given({ deadlineAt: "2026-01-01T01:00:00.000Z" });
  world.clock.advance(3599);
  const fetch: typeof world.fetch = (...call) => {
    world.clock.advance(1);
    return world.fetch(...call);
  };
  expect(await submitGeneration({ ...world.deps, fetch }, ref)).toEqual({ next: "fail", code: "timed_out" });
  expect(await world.media()).toMatchObject({ phase: "queued", attempt: 0 });
  expect(world.kling.posts).toEqual([]);
});

describe("a submit that fal does not take", () => {
  it.each(["not_sent", "busy"] as const)(
    "is tried again later when it was %s, with what is prepared",
    async (outcome) => {
      world.kling.submits = [unaccepted(outcome)];
      const ref = await world.given();
      await submitGeneration(world.deps, ref);
      const released = await world.media();
      expect(released).toMatchObject({ phase: "queued", attempt: 1, nextSubmitAt: "2026-01-01T00:00:10.000Z" });
      world.web.clear();
      world.prompt.write = () => "other words";
      await submitGeneration(world.deps, ref);
      expect(world.kling.posts).toHaveLength(2);
      expect(world.kling.posts[1]?.request).toEqual(world.kling.posts[0]?.request);
      expect(await world.media()).toMatchObject({ phase: "generating", attempt: 2 });
    },
  );

  it("shows when it was sent, put off, sent again and taken", async () => {
    world.kling.submits = [unaccepted("busy")];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    world.clock.advance(10);
    await submitGeneration(world.deps, ref);
    const [first, second] = ["2026-01-01T00:00:00.000Z", "2026-01-01T00:00:10.000Z"];
    expect((await presentMedia(world.files, await world.media())).media.timeline).toEqual([
      { at: first, phase: "submitting", attempt: 1 },
      { at: first, phase: "queued" },
      { at: second, phase: "submitting", attempt: 2 },
      { at: second, phase: "generating" },
    ]);
  });

  it("keeps the job that an answer in doubt speaks of: it is looked at before the submit is given up", async () => {
    world.kling.submits = [new SubmitError("in_doubt", "generation_failed", "HTTP 502", { requestId: "r9" })];
    const ref = await world.given();
    await submitGeneration(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "submitting", reportedRequestId: "r9" });
    world.clock.advance(900);
    await checkStatus(world.deps, ref);
    expect(await world.media()).toMatchObject({ phase: "generating", requestId: "r9" });
  });

  it.each(["provider_access_denied", "provider_payment_required"])(
    "ends as %s in words for the caller, and the log has fal's for the operator",
    async (code) => {
      const words = "Exhausted balance. Top up your balance at fal.ai/dashboard/billing.";
      const answer = { httpStatus: 403, falType: "forbidden" };
      world.kling.submits = [new SubmitError("refused", code, words, answer)];
      await submitGeneration(world.deps, await world.given());
      const { error } = await world.media();
      expect(error?.code).toBe(code);
      expect(error?.message).toMatch(/this service.*nothing was made and nothing is charged.*Tell the operator/i);
      expect(error?.message).not.toMatch(/balance|dashboard/i);
      const line = world.logged.find((text) => text.includes("submit_refused"));
      for (const part of [code, words, '"httpStatus":403', '"falType":"forbidden"']) expect(line).toContain(part);
    },
  );

  it("ends as failed with fal's reason when it was refused", async () => {
    world.kling.submits = [unaccepted("refused", "content_policy_violation")];
    expect(await submitGeneration(world.deps, await world.given())).toEqual({ next: "done" });
    expect(await world.media()).toMatchObject({
      phase: "failed",
      error: { code: "content_policy_violation", message: "fal said content_policy_violation" },
    });
  });
});

describe("a picture that cannot be used", () => {
  it.each([
    ["image_not_found", new FetchError("not_found", "404")],
    ["image_link_forbidden", new FetchError("forbidden", "10.0.0.1")],
    ["image_too_large", new FetchError("too_large", "30 MB")],
    ["image_unreachable", new FetchError("redirect", "302")],
    ["image_unreachable", new FetchError("refused", "403")],
    ["image_unreachable", new FetchError("unreachable", "There is no host of that name.")],
    ["image_type_unsupported", Buffer.from("<html><body>Sign in</body></html>")],
    ["image_type_unsupported", Buffer.from("just text, named .jpg")],
    ["image_unreadable", null],
    ["image_too_small", undefined],
  ])("ends as %s and submits nothing", async (code, found) => {
    const jpeg = await photo(200, 200);
    world.web.set(
      "https://pictures.example/beach.jpg",
      found ?? (found === null ? (await photo(800, 800)).subarray(0, 900) : jpeg),
    );
    expect(await submitGeneration(world.deps, await world.given())).toEqual({ next: "done" });
    const media = await world.media();
    expect(media).toMatchObject({ phase: "failed", error: { code }, attempt: 0 });
    expect(media.error?.message).not.toBe("");
    expect(world.kling.posts).toEqual([]);
    expect(world.published.map(({ type }) => type)).toEqual(["Generation Failed"]);
  });

  it("of the last frame is named as that, in every way in which it can be wrong", async () => {
    const link = "https://pictures.example/last.jpg";
    const upload = "upload:019b76da-a800-7000-8000-000000000001";
    const cases: [string, string, Buffer | Error | undefined, RegExp][] = [
      ["nothing there", link, undefined, /^The last frame is not there\. \(check the address: /],
      ["too small", link, await photo(200, 200), /^The last frame is too small: .* \(this one has 200 x 200\)$/],
      ["a page", link, Buffer.from("<html>"), /^The last frame is not a JPEG, PNG or WebP.*web page/],
      [
        "refused",
        link,
        new FetchError("refused", "The server answered 403."),
        /^The last frame was not delivered .* \(The server answered 403\)$/,
      ],
      [
        "an upload that is gone",
        upload,
        undefined,
        /^The last frame is not there\. \(uploads are kept for a week: upload it again\)$/,
      ],
    ];
    for (const [, tailImageUrl, found, words] of cases) {
      if (found) world.web.set(link, found);
      const id = `m-${cases.findIndex(([, , , it]) => it === words)}`;
      const ref = await world.given({ id, generationMode: "pro", tailImageUrl });
      await submitGeneration(world.deps, ref);
      expect((await world.records.get(ref))?.error?.message).toMatch(words);
    }
  });

  it("may have 50 MB and 30 s", async () => {
    const asked: object[] = [];
    const fetch: typeof world.fetch = (url, limits) => {
      asked.push(limits);
      return world.fetch(url, limits);
    };
    await submitGeneration({ ...world.deps, fetch }, await world.given());
    expect(asked).toEqual([{ maxBytes: 50 * 1024 * 1024, timeoutMs: 30_000 }]);
  });

  it("is fetched again by the state machine when its host may answer later", async () => {
    world.web.set("https://pictures.example/beach.jpg", new FetchError("unavailable", "503"));
    const ref = await world.given();
    await expect(submitGeneration(world.deps, ref)).rejects.toBeInstanceOf(SourceImageUnavailableError);
    expect(await world.media()).toMatchObject({ phase: "queued", attempt: 0 });
  });
});
