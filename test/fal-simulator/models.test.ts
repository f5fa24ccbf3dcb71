// What the models refuse, what they make of an input, and the clips they hand out.
import { createServer } from "node:http";
import { join } from "node:path";
import { FilePathSource, Input, MP4 } from "mediabunny";
import sharp from "sharp";
import { describe, expect, it, onTestFinished } from "vitest";
import { sampleFile } from "../../stacks/local/samples/sample-files.ts";
import { nearestRatio } from "../../stacks/fal-simulator/models.ts";
import { anyNumber, anyText, MASTER, openSimulator, picture, PRO, STANDARD, textWith } from "./support.ts";

async function outcomeOf(input: object, endpointId = STANDARD) {
  const { submit, pass, simulator } = await openSimulator();
  await submit(input, endpointId);
  await pass(8);
  return simulator.jobs()[0];
}

const TOO_SMALL = await picture(299, 400);
const TOO_WIDE = await picture(1000, 380);
const GIF = await picture(400, 400, "gif");

describe("Kling refuses", () => {
  it.each([
    ["no prompt", { prompt: undefined }, "missing"],
    ["no image", { image_url: undefined }, "missing"],
    ["a prompt of 2,501 characters", { prompt: "x".repeat(2501) }, "string_too_long"],
    ["a negative prompt of 2,501 characters", { negative_prompt: "x".repeat(2501) }, "string_too_long"],
    ["a duration that is a number", { duration: 5 }, "literal_error"],
    ["a duration of 7", { duration: "7" }, "literal_error"],
    ["a scale above 1", { cfg_scale: 1.5 }, "less_than_equal"],
    ["an image that is no string", { image_url: 7 }, "string_type"],
    ["an image that no server has", { image_url: "http://127.0.0.1:9/none.jpg" }, "file_download_error"],
    ["a path instead of a URL", { image_url: "photo.jpg" }, "file_download_error"],
    ["an image of no bytes", { image_url: "data:," }, "image_load_error"],
    ["text for an image", { image_url: `data:image/png;base64,${btoa("no picture")}` }, "image_load_error"],
  ])("%s", async (_, input, type) => {
    const job = await outcomeOf(input);
    expect(job?.ending).toMatchObject({ statusCode: 422, usd: 0, body: { detail: [{ type }] }, error: { type } });
  });

  it.each([
    ["an image of 299 px", TOO_SMALL, "image_too_small"],
    ["an image wider than 2.5 to 1", TOO_WIDE, "value_error"],
    ["a GIF", GIF, "unsupported_image_format"],
    ["an image of more than 10 MB", `data:image/png;base64,${"A".repeat(14_000_000)}`, "file_too_large"],
  ])("%s", async (_, image_url, type) => {
    expect((await outcomeOf({ image_url }))?.ending).toMatchObject({ body: { detail: [{ type }] } });
  });

  it("a bad last frame in pro mode, and does not look at it in the others", async () => {
    const input = { tail_image_url: await picture(100, 100) };
    expect((await outcomeOf(input, PRO))?.ending).toMatchObject({
      body: { detail: [{ loc: ["body", "tail_image_url"] }] },
    });
    expect((await outcomeOf(input, STANDARD))?.ending?.statusCode).toBe(200);
  });
});

describe("Kling delivers", () => {
  it.each([
    [1920, 1080, "16x9"],
    [1600, 1067, "16x9"],
    [1080, 1920, "9x16"],
    [800, 1000, "1x1"],
  ])("the ratio of a %i x %i image: %s", (width, height, ratio) => {
    expect(nearestRatio(width, height)).toBe(ratio);
  });

  it("what the mode costs for the length asked for", async () => {
    const cost = async (endpointId: string, duration?: string) => (await outcomeOf({ duration }, endpointId))?.ending;
    expect(await cost(STANDARD)).toMatchObject({ usd: 0.28, units: 5 });
    expect(await cost(PRO, "5")).toMatchObject({ usd: 0.49, units: 5 });
    expect(await cost(MASTER, "10")).toMatchObject({ usd: 2.8, units: 10 });
  });

  it("the ratio a photo is seen in, not the one its sensor had", async () => {
    const photo = sharp({ create: { width: 640, height: 360, channels: 3, background: "#88a" } });
    const turned = await photo.jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const job = await outcomeOf({ image_url: `data:image/jpeg;base64,${turned.toString("base64")}` });
    expect(job?.clip?.ratio).toBe("9x16");
  });

  it("from an image it has to fetch, of each type it takes", async () => {
    for (const format of ["png", "jpeg", "webp"] as const) {
      const bytes = Buffer.from((await picture(360, 640, format)).split(",")[1] ?? "", "base64");
      const host = createServer((_, res) => res.end(bytes));
      await new Promise<void>((resolve) => host.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => void host.close());
      const address = host.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const job = await outcomeOf({ image_url: `http://127.0.0.1:${port}/photo`, duration: "10" });
      host.closeAllConnections();
      expect(job?.clip).toMatchObject({ ratio: "9x16", seconds: 10, audio: false });
    }
  });
});

describe("the other endpoints", () => {
  it("video-understanding answers within a second, without waiting in the queue", async () => {
    const { fal, pass } = await openSimulator();
    const endpoint = "fal-ai/video-understanding";
    const input = { video_url: "https://example.com/v.mp4", prompt: "Describe it" };
    const { request_id: requestId } = await fal.queue.submit(endpoint, { input });
    await pass(1);
    const { data } = await fal.queue.result(endpoint, { requestId });
    expect(data).toEqual({ output: textWith("lake") });
  });

  it("the text router answers with an output and its usage", async () => {
    const job = await outcomeOf({ image_urls: [] }, "openrouter/router/vision");
    expect(job?.ending?.body).toMatchObject({
      output: anyText,
      usage: { total_tokens: anyNumber },
    });
  });

  it("an endpoint without a row delivers five seconds of 16:9", async () => {
    const job = await outcomeOf({}, "fal-ai/some-model/v9/image-to-video");
    expect(job).toMatchObject({ app: "fal-ai/some-model", clip: { ratio: "16x9", seconds: 5 }, ending: { usd: 0 } });
  });
});

describe("the sample clips", () => {
  it.each([
    ["16x9", 1920, 1080],
    ["9x16", 1080, 1920],
    ["1x1", 1080, 1080],
  ])("%s is %i x %i, exactly 5 and 10 s at 24 frames a second, and small", async (ratio, width, height) => {
    for (const seconds of [5, 10]) {
      const file = await sampleFile(`placeholder-${ratio}-${seconds}s.mp4`);
      const path = join(file?.folder ?? "", file?.name ?? "");
      const input = new Input({ formats: [MP4], source: new FilePathSource(path) });
      const track = await input.getPrimaryVideoTrack();
      const packets = await track?.computePacketStats();
      expect({ width: track?.displayWidth, height: track?.displayHeight, codec: track?.codec }).toEqual({
        width,
        height,
        codec: "avc",
      });
      expect(await input.computeDuration()).toBe(seconds);
      expect(packets).toMatchObject({ packetCount: seconds * 24, averagePacketRate: 24 });
      expect(await input.source.getSize()).toBeLessThan(seconds * 20_000);
    }
  });
});
