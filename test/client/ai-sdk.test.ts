// The AI SDK as it is installed, with our model in it.
import { experimental_generateVideo, experimental_getVideoStatus, experimental_startVideo } from "ai";
import { describe, expect, it } from "vitest";
import { createKlingMedia } from "../../shared/client/ai-sdk.ts";
import { completed, fakeApi, got, mediaSpace, type Step } from "./fake-api.ts";

const STARTED: Step = { status: 202, body: { data: { success: true, message: "ok", mediaSpace: mediaSpace() } } };
const refused = (status: number, code: string, error: string): Step => ({
  status,
  body: { error, code, traceId: "t" },
});
const VIDEO = {
  link: "https://api.example/files/m-1.mp4",
  file_type: "mp4" as const,
  width: 1920,
  height: 1080,
  fps: 24,
  durationInSeconds: 5,
  frames: [] as never[],
};
const DONE = got(completed(2, { video: VIDEO }));
const FILE: Step = { status: 200, body: "the film" };
const PHOTO = "https://e.com/a.jpg";
const modelAt = (api: ReturnType<typeof fakeApi>, id = "kling-2.1-pro") =>
  createKlingMedia({ ...api, token: "km_key", space: "holiday" }).video(id);
const started = ({ calls }: ReturnType<typeof fakeApi>) => calls.filter(({ url }) => url.endsWith("/enhance"));

describe("experimental_generateVideo", () => {
  it("starts one generation, follows it, and has the video with its facts", async () => {
    const api = fakeApi(STARTED, DONE, FILE);
    const result = await experimental_generateVideo({
      model: modelAt(api),
      prompt: { image: PHOTO, text: "Waves of one" },
      duration: 5,
      aspectRatio: "16:9",
      generateAudio: false,
      providerOptions: { klingMedia: { negativePrompt: "rain", name: "Beach" } },
    });
    expect(Buffer.from(result.video.uint8Array).toString()).toBe('"the film"');
    expect(result.video.mediaType).toBe("video/mp4");
    expect(result.providerMetadata["klingMedia"]).toMatchObject({ videos: [{ id: "m-1", width: 1920, duration: 5 }] });
    expect(result.warnings).toEqual([]);
    expect(started(api)).toMatchObject([
      {
        headers: { authorization: "Bearer km_key" },
        body: {
          spaceId: "holiday",
          context: "Waves of one",
          model: "kling-2.1",
          mode: "pro",
          duration: 5,
          aspectRatio: "16:9",
          audio: false,
          negativePrompt: "rain",
          mediaSpace: { media: { name: "Beach", image: { link: PHOTO } } },
        },
      },
    ]);
  });

  it("uploads pictures that are given as bytes, the last frame too", async () => {
    const place = (id: string): Step => ({
      status: 201,
      body: { data: { id, put: { method: "PUT", url: `https://store.example/${id}`, headers: {} } } },
    });
    const uploaded = (id: string): Step => ({ body: { data: { link: `upload:${id}`, width: 800, height: 600 } } });
    const [last, first] = ["last", "first"].map((id) => [place(id), { status: 200 }, uploaded(id)]);
    const api = fakeApi(...(last ?? []), ...(first ?? []), STARTED, DONE, FILE);
    await experimental_generateVideo({
      model: modelAt(api, "kling-3"),
      prompt: "Waves of bytes",
      frameImages: [
        { image: new Uint8Array([0xff, 0xd8, 0xff]), frameType: "first_frame" },
        { image: new Uint8Array([0xff, 0xd8, 0xff, 1]), frameType: "last_frame" },
      ],
    });
    expect(started(api)[0]?.body).toMatchObject({
      model: "kling-3",
      tailImageUrl: "upload:last",
      mediaSpace: { media: { image: { link: "upload:first" } } },
    });
    expect(api.calls[1]?.body).toMatchObject({ type: "image/jpeg", size: 4 });
  });

  it("warns of what Kling has not, and makes the video", async () => {
    const api = fakeApi(STARTED, DONE, FILE);
    const { warnings } = await experimental_generateVideo({
      model: modelAt(api),
      prompt: { image: PHOTO, text: "Waves of warnings" },
      seed: 7,
      fps: 30,
      resolution: "1280x720",
      aspectRatio: "21:9",
    });
    expect(warnings.map((warning) => warning.type === "unsupported" && warning.feature)).toEqual([
      "fps",
      "seed",
      "resolution",
      "aspectRatio",
    ]);
    expect(started(api)[0]?.body).not.toHaveProperty("aspectRatio");
  });

  it.each([
    ["a model that is not offered", 400, "invalid_request", "kling-9 is not offered."],
    ["no key", 401, "unauthorized", "Send a key."],
    ["over budget", 402, "over_budget", "Nothing is left of this month."],
  ])("throws the API's own words for %s, and asks once", async (_, status, code, message) => {
    const api = fakeApi(refused(status, code, message));
    const video = experimental_generateVideo({ model: modelAt(api), prompt: { image: PHOTO, text: "Refused waves" } });
    await expect(video).rejects.toMatchObject({ name: "ApiError", status, code, message });
    expect(api.calls).toHaveLength(1);
  });

  it("throws the reason when there will be no video, and says what is missing before anything is sent", async () => {
    const error = { code: "content_policy", message: "fal's checker refused the picture." };
    const api = fakeApi(STARTED, got(mediaSpace({ generationStatus: "failed", error, version: 2 })));
    const prompt = { image: PHOTO, text: "Waves that fail" };
    await expect(experimental_generateVideo({ model: modelAt(api), prompt })).rejects.toMatchObject({
      name: "GenerationError",
      code: "content_policy",
      message: error.message,
    });
    const unsent = fakeApi(STARTED);
    await expect(experimental_generateVideo({ model: modelAt(unsent), prompt: "No picture" })).rejects.toThrow(
      "picture",
    );
    expect(unsent.calls).toHaveLength(0);
  });
});

describe("start here, look there", () => {
  it("starts under the SDK's key, and another process finds the video by the operation", async () => {
    const api = fakeApi(STARTED, got(mediaSpace({ version: 2 })), DONE, FILE);
    const prompt = { image: PHOTO, text: "Waves apart" };
    const { operation } = await experimental_startVideo({ model: modelAt(api), prompt });
    expect(operation).toEqual({ spaceId: "holiday", id: "m-1" });
    expect(started(api)[0]?.headers["idempotency-key"]).toMatch(/^aisdk_vid_/);
    const elsewhere = modelAt(api);
    const look = () => experimental_getVideoStatus(elsewhere, { operation });
    expect(await look()).toMatchObject({ status: "pending" });
    expect(await look()).toMatchObject({ status: "completed", videos: [{ type: "binary" }] });
  });

  it("a video that lies in a store of its own is handed on as its link", async () => {
    const api = fakeApi(got(completed(2, { video: { ...VIDEO, link: "https://bucket.example/m-1.mp4" } })));
    const operation = { spaceId: "holiday", id: "m-1" };
    expect(await experimental_getVideoStatus(modelAt(api), { operation })).toMatchObject({
      videos: [{ type: "url", url: "https://bucket.example/m-1.mp4" }],
    });
  });
});
