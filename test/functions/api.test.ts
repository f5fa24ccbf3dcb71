// The HTTP functions through their real events: the contract of the API, and forty ways to get it wrong.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  budgetAnswer,
  cancelAnswer,
  checkAnswer,
  enhanceAnswer,
  listAnswer,
  mediaAnswer,
  modelsAnswer,
  pricingAnswer,
  timingsAnswer,
  uploadAnswer,
} from "../../shared/contract/answers.ts";
import { openApi } from "../../stacks/web/api/openapi.ts";
import { errorAnswer } from "../../shared/contract/media-space.ts";
import { ROUTES } from "../../stacks/blueprint/routes.ts";
import { inProcessCloud, PHOTO_URL, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));

const ENHANCE = "POST /api/media/enhance";
const CHECK = "POST /api/media/check-generation";
const GET = "GET /api/spaces/{spaceId}/media/{id}";
const LIST = "GET /api/spaces/{spaceId}/media";
const DELETE = "DELETE /api/spaces/{spaceId}/media/{id}";
const CANCEL = "POST /api/spaces/{spaceId}/media/{id}/cancel";

let cloud: InProcessCloud;
beforeAll(async () => {
  cloud = await inProcessCloud(link, "paused");
});
afterAll(() => cloud.workflow.close());

/** A space of its own for each test. */
let spaceId = "";
let body = bodyIn(spaceId);
beforeEach(({ task }) => {
  spaceId = task.id;
  body = bodyIn(spaceId);
});

function bodyIn(space: string) {
  const image = { link: PHOTO_URL, width: 1600, height: 1067 };
  const context = "The waves roll in.";
  return { spaceId: space, type: "video", context, mediaSpace: { id: "picture-1", media: { name: "Beach", image } } };
}

const stored = async () => (await cloud.call(LIST, { path: { spaceId } })).json.data?.items ?? [];

/** Starts a generation whose workflow does not run, and gives its id. */
async function started(overrides: Record<string, unknown> = {}): Promise<string> {
  const { json } = await cloud.call(ENHANCE, { body: { ...body, ...overrides } });
  return json.data?.mediaSpace?.id ?? "";
}

describe("POST /api/uploads", () => {
  const UPLOAD = "POST /api/uploads";
  const IMAGE_LINK = "mediaSpace.media.image.link";

  it("gives a place of the size that was asked for, whose check waits for the bytes", async () => {
    const { statusCode, json } = await cloud.call(UPLOAD, { body: { size: 1234 } });
    expect(statusCode).toBe(201);
    const { data } = uploadAnswer.parse(json);
    expect(data.put).toMatchObject({ method: "PUT", url: expect.stringContaining("size=1234") });
    const checked = await cloud.call("POST /api/uploads/{id}/check", { path: { id: data.id } });
    expect([checked.statusCode, checked.json.code]).toEqual([404, "upload_not_found"]);
  });

  it("says at once that a picture would be too large", async () => {
    const { statusCode, json } = await cloud.call(UPLOAD, { body: { size: 50 * 1024 * 1024 + 1 } });
    expect([statusCode, json.code]).toEqual([400, "image_too_large"]);
  });

  it.each([{}, { size: 0 }, { size: -1 }, { size: 1.5 }, { size: "12" }, { size: null }])(
    "refuses %j",
    async (body) => {
      const { statusCode, json } = await cloud.call(UPLOAD, { body });
      expect([statusCode, json.details?.[0]?.path]).toEqual([400, "size"]);
    },
  );

  it.each(["x", "../../secrets", "019B76DA-A800-7000-8000-000000000001"])("checks no upload %j", async (id) => {
    expect((await cloud.call("POST /api/uploads/{id}/check", { path: { id } })).statusCode).toBe(400);
  });

  it("makes a link that enhance takes, and shows no address that no caller could open", async () => {
    const image = { link: "upload:019b76da-a800-7000-8000-000000000001" };
    const { statusCode, json } = await cloud.call(ENHANCE, { body: { ...body, mediaSpace: { media: { image } } } });
    expect(statusCode).toBe(202);
    expect(json.data?.mediaSpace?.media).not.toHaveProperty("image");
    const wrong = { link: "upload:x" };
    const refused = await cloud.call(ENHANCE, { body: { ...body, mediaSpace: { media: { image: wrong } } } });
    expect(refused.json.details?.[0]?.path).toBe(IMAGE_LINK);
  });
});

describe("before a start", () => {
  it("the price of every mode, duration and sound is known, the default model's first", async () => {
    const { json } = await cloud.call("GET /api/pricing");
    const { prices } = pricingAnswer.parse(json).data;
    expect(prices.slice(0, 7).map(({ model, mode, duration, usd }) => [model, mode, duration, usd])).toEqual([
      ["kling-2.1", "standard", "5", 0.28],
      ["kling-2.1", "standard", "10", 0.56],
      ["kling-2.1", "pro", "5", 0.49],
      ["kling-2.1", "pro", "10", 0.98],
      ["kling-2.1", "master", "5", 1.4],
      ["kling-2.1", "master", "10", 2.8],
      ["kling-2.5-turbo", "standard", "5", 0.21],
    ]);
    const kling3 = prices.filter((it) => it.model === "kling-3" && it.mode === "pro" && it.duration === "15");
    expect(kling3.map(({ audio, usd }) => [audio, usd])).toEqual([
      [false, 1.68],
      [true, 2.52],
    ]);
  });

  it("the models are known, with what each of their modes can do", async () => {
    const { json } = await cloud.call("GET /api/models");
    expect(modelsAnswer.parse(json)).toEqual(json);
    const { models } = modelsAnswer.parse(json).data;
    expect(models.map(({ id, modes }) => `${id}: ${modes.map(({ mode }) => mode).join()}`)).toEqual([
      "kling-2.1: standard,pro,master",
      "kling-2.5-turbo: standard,pro",
      "kling-2.6: pro",
      "kling-3: standard,pro",
      "kling-3-turbo: standard,pro",
      "kling-o1: standard,pro",
      "kling-o3: standard,pro",
    ]);
    expect(models.filter((it) => it.default).map(({ id, name }) => [id, name])).toEqual([["kling-2.1", "Kling 2.1"]]);
  });

  it("what may be spent is known, and that nothing is limited where no limit is set", async () => {
    const { statusCode, json } = await cloud.call("GET /api/budget");
    expect([statusCode, budgetAnswer.parse(json).data]).toEqual([200, { currency: "USD", startsStopped: false }]);
  });

  it("the times of this deployment are known, once there are some", async () => {
    const { statusCode, json } = await cloud.call("GET /api/timings");
    expect([statusCode, timingsAnswer.parse(json).data]).toEqual([200, { timings: [] }]);
  });
});

describe("POST /api/media/enhance", () => {
  it("answers 202 with the new media, the picture's id as its base", async () => {
    const { statusCode, json } = await cloud.call(ENHANCE, { body });
    expect(statusCode).toBe(202);
    expect(enhanceAnswer.parse(json)).toEqual(json);
    expect(json.data?.mediaSpace).toMatchObject({
      spaceId,
      baseMediaId: "picture-1",
      uploadedBy: "local",
      autoPlacement: false,
      media: {
        type: "video",
        usage: "media",
        name: "Beach",
        generationStatus: "generating-video",
        phase: "queued",
        generationMode: "standard",
        image: { link: PHOTO_URL },
        estimatedCostUsd: 0.28,
        version: 1,
      },
    });
    expect(json.data?.mediaSpace?.id).not.toBe("picture-1");
  });

  it.each([
    [{}, "standard", 0.28],
    [{ isPro: true }, "pro", 0.49],
    [{ isPro: false }, "standard", 0.28],
    [{ mode: "master" }, "master", 1.4],
    [{ mode: "standard", isPro: true }, "standard", 0.28],
    [{ mode: "pro", duration: 10 }, "pro", 0.98],
    [{ mode: "pro", duration: "10" }, "pro", 0.98],
    [{ mode: "pro", duration: 5, tailImageUrl: PHOTO_URL }, "pro", 0.49],
    [{ isPro: true, tailImageUrl: PHOTO_URL }, "pro", 0.49],
    [{ unknownField: [1, 2, 3] }, "standard", 0.28],
  ])("with %o is mode %s at $%d", async (overrides, generationMode, estimatedCostUsd) => {
    const { json } = await cloud.call(ENHANCE, { body: { ...body, ...overrides } });
    expect(json.data?.mediaSpace?.media).toMatchObject({ generationMode, estimatedCostUsd });
  });

  it.each([
    [{ context: "\u{1F30A}".repeat(2500) }],
    [{ context: "a\u0000b" }],
    [{ cfgScale: 0 }],
    [{ cfgScale: -0 }],
    // Less than the table can hold.
    [{ cfgScale: 5e-324 }],
    [
      {
        mediaSpace: {
          id: "\u{1F30A}".repeat(128),
          media: { name: "\u{1F30A}".repeat(256), image: { link: PHOTO_URL } },
        },
      },
    ],
  ])("takes what is odd and allowed (%#)", async (overrides) => {
    const headers = { "idempotency-key": `${spaceId}-odd` };
    expect((await cloud.call(ENHANCE, { body: { ...body, ...overrides }, headers })).statusCode).toBe(202);
  });

  it("replays the first answer, byte for byte, to the same Idempotency-Key", async () => {
    const headers = { "idempotency-key": spaceId };
    const first = await cloud.call(ENHANCE, { body, headers });
    const again = await cloud.call(ENHANCE, { body, headers });
    expect(again.body).toBe(first.body);
    expect(again.statusCode).toBe(202);
    expect(first.headers).not.toHaveProperty("idempotent-replayed");
    expect(again.headers).toMatchObject({ "idempotent-replayed": "true" });
    expect(await stored()).toHaveLength(1);
  });

  it("refuses the same Idempotency-Key with another body", async () => {
    const headers = { "idempotency-key": spaceId };
    await cloud.call(ENHANCE, { body, headers });
    const other = await cloud.call(ENHANCE, { body: { ...body, context: "Other words." }, headers });
    expect([other.statusCode, other.json.code]).toEqual([422, "idempotency_key_reused"]);
  });

  it("burns no key for a body that is not valid", async () => {
    const headers = { "idempotency-key": spaceId };
    expect((await cloud.call(ENHANCE, { body: { ...body, mode: "turbo" }, headers })).statusCode).toBe(400);
    expect((await cloud.call(ENHANCE, { body, headers })).statusCode).toBe(202);
  });

  const image = { link: PHOTO_URL };
  const withMedia = (media: unknown) => (body: object) => ({ ...body, mediaSpace: { media } });
  const withMediaId = (id: string) => (body: ReturnType<typeof bodyIn>) => ({
    ...body,
    mediaSpace: { ...body.mediaSpace, id },
  });
  const wrong: [string, (body: ReturnType<typeof bodyIn>) => unknown, string][] = [
    ["no space", (body) => ({ ...body, spaceId: undefined }), "spaceId"],
    ["an empty space", (body) => ({ ...body, spaceId: "" }), "spaceId"],
    ["a space with a slash", (body) => ({ ...body, spaceId: "a/b" }), "spaceId"],
    ["a space with a key in it", (body) => ({ ...body, spaceId: "a#SPACE#b" }), "spaceId"],
    ["a space too long", (body) => ({ ...body, spaceId: "x".repeat(129) }), "spaceId"],
    ["a space of half a number", (body) => ({ ...body, spaceId: 7.5 }), "spaceId"],
    ["a negative space", (body) => ({ ...body, spaceId: -7 }), "spaceId"],
    ["a null space", (body) => ({ ...body, spaceId: null }), "spaceId"],
    ["another type", (body) => ({ ...body, type: "image" }), "type"],
    ["no words", (body) => ({ ...body, context: undefined }), "context"],
    ["empty words", (body) => ({ ...body, context: "" }), "context"],
    ["blank words", (body) => ({ ...body, context: " \n\t " }), "context"],
    ["a zero-width space for words", (body) => ({ ...body, context: "\u200b" }), "context"],
    ["NUL for words", (body) => ({ ...body, context: "\0" }), "context"],
    [
      "joiners, marks of direction, tags and a filler for words",
      (body) => ({ ...body, context: "\u200d \u202e\u2066\u{e0041}\u3164\ufeff\u00ad" }),
      "context",
    ],
    ["10,000 characters", (body) => ({ ...body, context: "x".repeat(10_000) }), "context"],
    ["words as a list", (body) => ({ ...body, context: ["a"] }), "context"],
    ["words as a number", (body) => ({ ...body, context: 42 }), "context"],
    ["no mediaSpace", (body) => ({ ...body, mediaSpace: undefined }), "mediaSpace"],
    ["a text as mediaSpace", (body) => ({ ...body, mediaSpace: "x" }), "mediaSpace"],
    ["no media", (body) => ({ ...body, mediaSpace: {} }), "mediaSpace.media"],
    ["no image", withMedia({}), "mediaSpace.media.image"],
    ["no link", withMedia({ image: {} }), "mediaSpace.media.image.link"],
    ["a link that is none", withMedia({ image: { link: "beach.jpg" } }), "mediaSpace.media.image.link"],
    ["an upload that cannot be one", withMedia({ image: { link: "upload:../beach" } }), "mediaSpace.media.image.link"],
    ["a file link", withMedia({ image: { link: "file:///etc/passwd" } }), "mediaSpace.media.image.link"],
    ["a script link", withMedia({ image: { link: "javascript:alert(1)" } }), "mediaSpace.media.image.link"],
    ["a data link", withMedia({ image: { link: "data:image/png;base64,AA" } }), "mediaSpace.media.image.link"],
    [
      "a link too long",
      withMedia({ image: { link: `https://a.example/${"x".repeat(2048)}` } }),
      "mediaSpace.media.image.link",
    ],
    ["a name too long", withMedia({ name: "x".repeat(257), image }), "mediaSpace.media.name"],
    ["a name that is an object", withMedia({ name: {}, image }), "mediaSpace.media.name"],
    ["an unknown mode", (body) => ({ ...body, mode: "turbo" }), "mode"],
    ["a mode in capitals", (body) => ({ ...body, mode: "PRO" }), "mode"],
    ["a mode from the prototype", (body) => ({ ...body, mode: "constructor" }), "mode"],
    ["isPro as a text", (body) => ({ ...body, isPro: "yes" }), "isPro"],
    ["7 seconds", (body) => ({ ...body, duration: 7 }), "duration"],
    ["5 seconds, spelt out", (body) => ({ ...body, duration: "5s" }), "duration"],
    ["4:3", (body) => ({ ...body, aspectRatio: "4:3" }), "aspectRatio"],
    ["a ratio as a number", (body) => ({ ...body, aspectRatio: 1.78 }), "aspectRatio"],
    ["cfgScale 2", (body) => ({ ...body, cfgScale: 2 }), "cfgScale"],
    ["cfgScale below 0", (body) => ({ ...body, cfgScale: -0.1 }), "cfgScale"],
    ["cfgScale as a text", (body) => ({ ...body, cfgScale: "0.5" }), "cfgScale"],
    ["a negative prompt too long", (body) => ({ ...body, negativePrompt: "x".repeat(2501) }), "negativePrompt"],
    ["a last frame in standard", (body) => ({ ...body, tailImageUrl: PHOTO_URL }), "tailImageUrl"],
    [
      "a last frame in master",
      (body) => ({ ...body, mode: "master", isPro: true, tailImageUrl: PHOTO_URL }),
      "tailImageUrl",
    ],
    ["words with half a character", (body) => ({ ...body, context: "waves \ud800" }), "context"],
    ["2,501 emojis", (body) => ({ ...body, context: "\u{1F30A}".repeat(2501) }), "context"],
    ["a base id with half a character", withMediaId("\udc00"), "mediaSpace.id"],
    [
      "a link with half a character",
      withMedia({ image: { link: `${PHOTO_URL}?\ud800` } }),
      "mediaSpace.media.image.link",
    ],
    ["a last frame that is no link", (body) => ({ ...body, mode: "pro", tailImageUrl: "x" }), "tailImageUrl"],
    ["an empty base id", (body) => ({ ...body, mediaSpace: { ...body.mediaSpace, id: "" } }), "mediaSpace.id"],
    ["a list", (body) => [body], ""],
    ["null", () => null, ""],
    ["a number", () => 5, ""],
    ["a text", () => "hello", ""],
  ];
  it.each(wrong)("refuses %s, naming it, and stores nothing", async (_what, wrongBody, path) => {
    const { statusCode, json } = await cloud.call(ENHANCE, { body: wrongBody(body) });
    expect(statusCode).toBe(400);
    expect(errorAnswer.parse(json)).toEqual(json);
    expect(json.details?.map((detail) => detail.path)).toContain(path);
    expect(await stored()).toEqual([]);
  });

  it.each<[string, (body: ReturnType<typeof bodyIn>) => object, string, string]>([
    ["aspect_ratio", (body) => ({ ...body, aspect_ratio: "9:16" }), "aspect_ratio", "aspectRatio"],
    ["negative_prompt", (body) => ({ ...body, negative_prompt: "blur" }), "negative_prompt", "negativePrompt"],
    ["CfgScale", (body) => ({ ...body, CfgScale: 0.5 }), "CfgScale", "cfgScale"],
    ["duration with letters exchanged", (body) => ({ ...body, durtaion: 10 }), "durtaion", "duration"],
    ["duration with one letter too many", (body) => ({ ...body, durations: 10 }), "durations", "duration"],
    ["is_pro", (body) => ({ ...body, is_pro: true }), "is_pro", "isPro"],
    ["fal's tail_image_url", (body) => ({ ...body, tail_image_url: PHOTO_URL }), "tail_image_url", "tailImageUrl"],
    ["fal's prompt", (body) => ({ ...body, prompt: "Waves." }), "prompt", "context"],
    ["fal's image_url", (body) => ({ ...body, image_url: PHOTO_URL }), "image_url", "mediaSpace.media.image.link"],
    [
      "space_id, instead of the right one",
      ({ spaceId, ...body }) => ({ ...body, space_id: spaceId }),
      "space_id",
      "spaceId",
    ],
    [
      "a misspelt link, three floors down",
      (body) => ({ ...body, mediaSpace: { media: { image: { lnk: PHOTO_URL } } } }),
      "mediaSpace.media.image.lnk",
      "link",
    ],
  ])("refuses %s and names what is meant, rather than make a paid video without it", async (_, wrong, path, meant) => {
    const { statusCode, json } = await cloud.call(ENHANCE, { body: wrong(body) });
    expect([statusCode, json.code]).toEqual([400, "invalid_request"]);
    const message = `is not known here; the field is called "${meant}"`;
    expect(json.details).toContainEqual({ path, message });
    expect(await stored()).toEqual([]);
  });

  it("ignores what is none of its fields: a whole media of an earlier answer, and what others add", async () => {
    const earlier = (await cloud.call(ENHANCE, { body })).json.data?.mediaSpace;
    const media = earlier?.media;
    const video = { link: "https://fal.example/v.mp4", quality: "hd", file_type: "mp4", size: 1, width: 1, height: 1 };
    const more = {
      requestId: "r",
      queuePosition: 1,
      prompt: "words",
      error: null,
      poster: null,
      keptUntil: "",
      frames: [],
    };
    const whole = {
      ...earlier,
      media: { ...media, ...more, video, image: { link: PHOTO_URL, width: 1, height: 2, url: 1 } },
    };
    const others = { seed: 1, userId: "ada", metadata: {}, title: "x", user: "ada", webhook: "x", size: "1920x1080" };
    const { statusCode, json } = await cloud.call(ENHANCE, { body: { ...body, ...others, mediaSpace: whole } });
    expect([statusCode, json.data?.mediaSpace?.baseMediaId]).toEqual([202, earlier?.id]);
  });

  it("takes what old and typed clients send: null for what is optional, numbers as ids, no type", async () => {
    const typeless = { ...body, type: undefined };
    const nulls = { mode: null, isPro: null, duration: null, aspectRatio: null, negativePrompt: null };
    const more = { cfgScale: null, tailImageUrl: null, spaceId: 7 };
    const image = { link: PHOTO_URL, width: null, height: null };
    const { statusCode, json } = await cloud.call(ENHANCE, {
      body: { ...typeless, ...nulls, ...more, mediaSpace: { id: 42, media: { name: null, image } } },
    });
    expect(statusCode).toBe(202);
    const { mediaSpace } = enhanceAnswer.parse(json).data;
    expect(mediaSpace).toMatchObject({ spaceId: "7", baseMediaId: "42", media: { type: "video", name: "Untitled" } });
    expect(mediaSpace.media).toMatchObject({ generationMode: "standard", duration: "5", estimatedCostUsd: 0.28 });
    const typeNull = await cloud.call(ENHANCE, {
      body: { ...body, type: null, mediaSpace: { id: null, media: { image } } },
    });
    expect(typeNull.statusCode).toBe(202);
  });

  it.each([
    ["no body", undefined, 400, "malformed_json"],
    ["half a body", '{"spaceId":', 400, "malformed_json"],
    ["a page", "<html></html>", 400, "malformed_json"],
    ["more than 1 MB", JSON.stringify({ padding: "x".repeat(1024 * 1024) }), 413, "body_too_large"],
  ])("refuses %s", async (_what, rawBody, status, code) => {
    const headers = { "content-type": "application/json" };
    const { statusCode, json } = await cloud.call(ENHANCE, { rawBody, headers });
    expect([statusCode, json.code, json.traceId]).toEqual([status, code, "trace-1"]);
  });

  it.each(["text/plain", "", "application/json-seq", "application/json/evil", "multipart/form-data; boundary=x"])(
    "refuses the content type %j",
    async (type) => {
      const { statusCode, json } = await cloud.call(ENHANCE, { body, headers: { "content-type": type } });
      expect([statusCode, json.code]).toEqual([415, "unsupported_media_type"]);
    },
  );

  it("takes JSON under any of its names", async () => {
    const headers = { "idempotency-key": spaceId };
    const types = ["application/json", "application/json; charset=utf-8", "application/vnd.api+json"];
    for (const type of types) {
      const { statusCode } = await cloud.call(ENHANCE, { body, headers: { ...headers, "content-type": type } });
      expect(statusCode).toBe(202);
    }
    expect(await stored()).toHaveLength(1);
  });

  it("takes everything that is just as large as it may be, the body of 1 MB among it", async () => {
    const exact = {
      ...body,
      spaceId: `${spaceId}${"x".repeat(128 - spaceId.length)}`,
      negativePrompt: "x".repeat(2500),
      mediaSpace: { media: { image: { link: `${PHOTO_URL}?${"x".repeat(2048 - PHOTO_URL.length - 1)}` } } },
    };
    const rawBody = JSON.stringify(exact).padEnd(1024 * 1024);
    const headers = { "idempotency-key": "~".repeat(255) };
    expect((await cloud.call(ENHANCE, { rawBody, headers })).statusCode).toBe(202);
    expect((await cloud.call(ENHANCE, { rawBody: `${rawBody} `, headers })).statusCode).toBe(413);
  });

  it("refuses bytes that are no UTF-8, instead of mending them", async () => {
    const bytes = Buffer.from(JSON.stringify({ ...body, context: "waves ~" }));
    bytes[bytes.indexOf("~")] = 0xff;
    const { statusCode, json } = await cloud.call(ENHANCE, { bytes });
    expect([statusCode, json.code]).toEqual([400, "malformed_json"]);
  });

  it.each(["", "with space", "ü", "x".repeat(256)])("refuses the Idempotency-Key %j", async (key) => {
    const { statusCode, json } = await cloud.call(ENHANCE, { body, headers: { "idempotency-key": key } });
    expect([statusCode, json.details?.[0]?.path]).toEqual([400, "Idempotency-Key"]);
  });
});

describe("reading", () => {
  it("check-generation tells where it stands, believing only the id", async () => {
    const id = await started({ mode: "pro" });
    const claimed = { id, media: { generationStatus: "completed", generationMode: "master" } };
    const { statusCode, json } = await cloud.call(CHECK, { body: { spaceId, mediaSpace: claimed } });
    expect(statusCode).toBe(200);
    expect(checkAnswer.parse(json)).toEqual(json);
    expect(json.data).toMatchObject({ status: "in_progress", mediaSpace: { id, media: { generationMode: "pro" } } });
  });

  it("GET one gives the record, and 204 when nothing has changed", async () => {
    const id = await started();
    const place = { spaceId, id };
    const { statusCode, json } = await cloud.call(GET, { path: place });
    expect([statusCode, mediaAnswer.parse(json)]).toEqual([200, json]);
    const query = { sinceVersion: "1000", waitSeconds: "0" };
    expect(await cloud.call(GET, { path: place, query })).toMatchObject({ statusCode: 204 });
    expect((await cloud.call(GET, { path: place, query: { sinceVersion: "0", waitSeconds: "20" } })).statusCode).toBe(
      200,
    );
  });

  it.each<Record<string, string>>([
    { waitSeconds: "5" },
    { since_version: "1" },
    { sinceVersion: "1", waitSeconds: "21" },
    { sinceVersion: "-1" },
    { sinceVersion: "x" },
    { sinceVersion: "1.5" },
    { sinceVersion: "" },
    { sinceVersion: "1e3" },
    { sinceVersion: "1", waitSeconds: " 5" },
  ])("GET one refuses %o", async (query) => {
    const id = await started();
    expect((await cloud.call(GET, { path: { spaceId, id }, query })).statusCode).toBe(400);
  });

  it.each<[string, (id: string) => object]>([
    ["the id itself", (id) => ({ spaceId, mediaSpace: id })],
    ["the space inside", (id) => ({ mediaSpace: { id, spaceId } })],
    ["the space at both places", (id) => ({ spaceId, mediaSpace: { id, spaceId } })],
    ["a null beside the space inside", (id) => ({ spaceId: null, mediaSpace: { id, spaceId } })],
    ["a null inside", (id) => ({ spaceId, mediaSpace: { id, spaceId: null } })],
  ])("check-generation takes %s", async (_, bodyOf) => {
    const id = await started();
    const { statusCode, json } = await cloud.call(CHECK, { body: bodyOf(id) });
    expect([statusCode, json.data?.mediaSpace?.id]).toEqual([200, id]);
  });

  it.each<[string, object, string]>([
    ["no space", { mediaSpace: { id: "m" } }, "spaceId"],
    ["an id without a space", { mediaSpace: "m" }, "spaceId"],
    ["two spaces that differ", { spaceId: "a", mediaSpace: { id: "m", spaceId: "b" } }, "mediaSpace.spaceId"],
    ["no media", { spaceId: "a" }, "mediaSpace"],
    ["a list for the media", { spaceId: "a", mediaSpace: ["m"] }, "mediaSpace"],
    ["space_id", { space_id: "a", mediaSpace: { id: "m" } }, "space_id"],
  ])("check-generation refuses %s, naming it", async (_, wrong, path) => {
    const { statusCode, json } = await cloud.call(CHECK, { body: wrong });
    expect(statusCode).toBe(400);
    expect(json.details?.map((detail) => detail.path)).toContain(path);
  });

  it("check-generation takes a number as the id", async () => {
    expect((await cloud.call(CHECK, { body: { spaceId: 7, mediaSpace: { id: 42 } } })).statusCode).toBe(404);
  });

  it("lists those of one status alone", async () => {
    const [canceled, open] = [await started(), await started()];
    await cloud.call(CANCEL, { path: { spaceId, id: canceled } });
    const idsOf = async (status: string) => {
      const { statusCode, json } = await cloud.call(LIST, { path: { spaceId }, query: { status } });
      return statusCode === 200 && json.data?.items?.map(({ id }) => id);
    };
    expect(await idsOf("canceled")).toEqual([canceled]);
    expect(await idsOf("in_progress")).toEqual([open]);
    expect(await idsOf("failed")).toEqual([]);
  });

  it("lists those that were started within a time: a day, or an instant with its offset", async () => {
    const id = await started();
    const { json } = await cloud.call(GET, { path: { spaceId, id } });
    const at = String(json.data?.mediaSpace?.media["createdAt"]);
    const day = at.slice(0, 10);
    const idsOf = async (query: Record<string, string>) => {
      const answer = await cloud.call(LIST, { path: { spaceId }, query });
      return answer.json.data?.items?.map((item) => item.id);
    };
    expect(await idsOf({ from: day })).toEqual([id]);
    expect(await idsOf({ from: at.replace("Z", "+00:00") })).toEqual([id]);
    expect(await idsOf({ from: new Date(Date.parse(at) + 1).toISOString() })).toEqual([]);
    expect(await idsOf({ to: new Date(Date.parse(at) + 1).toISOString() })).toEqual([id]);
    expect(await idsOf({ to: at })).toEqual([]);
  });

  it("lists newest first, page by page", async () => {
    const ids = [await started(), await started(), await started()].reverse();
    const first = await cloud.call(LIST, { path: { spaceId }, query: { limit: "2" } });
    expect(listAnswer.parse(first.json)).toEqual(first.json);
    expect(first.json.data?.items?.map(({ id }) => id)).toEqual(ids.slice(0, 2));
    const cursor = first.json.data?.nextCursor ?? "";
    const second = await cloud.call(LIST, { path: { spaceId }, query: { limit: "2", cursor } });
    expect(second.json.data?.items?.map(({ id }) => id)).toEqual(ids.slice(2));
    expect(second.json.data).not.toHaveProperty("nextCursor");
  });

  it.each<Record<string, string>>([
    { limit: "0" },
    { limit: "101" },
    { limit: "x" },
    { limit: "0x10" },
    { limit: "1,2" },
    { status: "done" },
    { status: "" },
    { stats: "failed" },
    { from: "yesterday" },
    { to: "2026-13-01" },
    { Limit: "5" },
    { cursor: "***" },
    { cursor: "Li4vLi4v" },
  ])("list refuses %o", async (query) => {
    expect((await cloud.call(LIST, { path: { spaceId }, query })).statusCode).toBe(400);
  });

  it("answers 404 to what does not exist, everywhere alike", async () => {
    const unknown = { spaceId, id: "unknown" };
    const answers = [
      await cloud.call(GET, { path: unknown }),
      await cloud.call(CANCEL, { path: unknown }),
      await cloud.call(DELETE, { path: unknown }),
      await cloud.call(CHECK, { body: { spaceId, mediaSpace: { id: "unknown" } } }),
    ];
    for (const { statusCode, json } of answers) {
      expect([statusCode, json.code]).toEqual([404, "media_not_found"]);
    }
  });
});

describe("POST cancel", () => {
  it("ends a generation, and is refused a second time", async () => {
    const id = await started();
    const place = { path: { spaceId, id } };
    const { statusCode, json } = await cloud.call(CANCEL, place);
    expect([statusCode, cancelAnswer.parse(json)]).toEqual([200, json]);
    const again = await cloud.call(CANCEL, place);
    expect([again.statusCode, again.json.code]).toEqual([409, "already_ended"]);
  });
});

describe("DELETE a media", () => {
  it("takes it away for every reader, and again is the same as once", async () => {
    const id = await started();
    const place = { path: { spaceId, id } };
    await cloud.call(CANCEL, place);
    for (let times = 1; times <= 2; times++) {
      const { statusCode, body: nothing } = await cloud.call(DELETE, place);
      expect([statusCode, nothing]).toEqual([204, undefined]);
    }
    for (const after of [
      await cloud.call(GET, place),
      await cloud.call(CHECK, { body: { spaceId, mediaSpace: { id } } }),
      await cloud.call(CANCEL, place),
    ]) {
      expect([after.statusCode, after.json.code]).toEqual([404, "media_not_found"]);
    }
    expect(await stored()).toEqual([]);
  });

  it("that is still running is a 409 that says what to do first", async () => {
    const { statusCode, json } = await cloud.call(DELETE, { path: { spaceId, id: await started() } });
    expect([statusCode, json.code]).toEqual([409, "not_deletable"]);
    expect(json.error).toContain("cancel it first");
    expect(errorAnswer.parse(json)).toEqual(json);
  });
});

describe("the API's own description", () => {
  it("covers every route of the table and no other", () => {
    const paths = { ...openApi().paths, ...openApi({ internal: true }).paths };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    // What is called by a protocol of its own describes itself.
    const others = ROUTES.map(({ route }) => route).filter((route) => !route.endsWith(" /mcp"));
    expect(described.sort()).toEqual(others.sort());
  });

  it("is served, and so is the health", async () => {
    const document = await cloud.call("GET /openapi.json");
    expect(document.json).toMatchObject({ openapi: "3.1.0" });
    expect((await cloud.call("GET /health")).json).toEqual({ status: "ok", testMode: false, provider: "ok" });
  });
});
