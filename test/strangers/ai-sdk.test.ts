// Vercel's AI SDK as it is installed, and `subscribe`, against the real routes: a video each, counted at fal, and each mistake in words that can be shown.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { experimental_generateVideo, experimental_getVideoStatus, experimental_startVideo } from "ai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createKlingMedia } from "../../shared/client/ai-sdk.ts";
import { listMedia } from "../../shared/client/calls.ts";
import { subscribe } from "../../shared/client/subscribe.ts";
import { ROOT } from "../../stacks/offline/platform.ts";
import { strangerMachine, type StrangerMachine } from "../support/stranger-machine.ts";

const LIMIT_MS = 60_000;

let machine: StrangerMachine;
let photo: Buffer<ArrayBuffer>;
let token: string;
beforeAll(async () => {
  machine = await strangerMachine();
  photo = await readFile(path.join(ROOT, "stacks/local/samples/photo.jpg"));
  token = await machine.key();
}, LIMIT_MS);
afterAll(() => machine.close());

/** Prompts tell the jobs apart. */
const submitted = (prompt: string) => machine.fal.jobs().filter(({ input }) => JSON.stringify(input).includes(prompt));
const kling = (more: Parameters<typeof createKlingMedia>[0] = {}) =>
  createKlingMedia({ baseUrl: machine.url, token, ...more });

/** Sends each start, and loses so many of their answers on the way back. */
function losing(answers: number): typeof fetch {
  let left = answers;
  return async (url, init) => {
    const answer = await fetch(url, init);
    if (typeof url === "string" && url.endsWith("/enhance") && left-- > 0) throw new TypeError("fetch failed");
    return answer;
  };
}

describe("the AI SDK", () => {
  it("makes a video of a picture's bytes, with one submit at fal", { timeout: LIMIT_MS }, async () => {
    const text = "The boat sails on.";
    const { video, providerMetadata, warnings } = await experimental_generateVideo({
      model: kling().video("kling-2.1-pro"),
      prompt: { image: photo, text },
      duration: 5,
    });
    expect(Buffer.from(video.uint8Array).subarray(4, 8).toString()).toBe("ftyp");
    expect(providerMetadata["klingMedia"]).toMatchObject({ videos: [{ spaceId: "default", duration: 5 }] });
    expect(warnings).toEqual([]);
    expect(submitted(text)).toHaveLength(1);
  });

  it("starts in one process and looks from another", { timeout: LIMIT_MS }, async () => {
    const text = "The boat is found again.";
    const { operation } = await experimental_startVideo({
      model: kling().video("kling-2.1"),
      prompt: { image: photo, text },
    });
    const elsewhere = kling().video("kling-2.1");
    const look = () => experimental_getVideoStatus(elsewhere, { operation });
    await vi.waitUntil(async () => (await look()).status === "completed", { timeout: LIMIT_MS, interval: 250 });
    expect(submitted(text)).toHaveLength(1);
  });

  it("pays once for a start whose answers are lost", { timeout: LIMIT_MS }, async () => {
    const text = "The boat is lost.";
    const model = kling({ fetch: losing(2) }).video("kling-2.1");
    await experimental_generateVideo({ model, prompt: { image: photo, text } });
    expect(submitted(text)).toHaveLength(1);
  });

  it.each([
    [
      "a model that there is not",
      "kling-9",
      {},
      { status: 400, code: "invalid_request", message: /model must be "kling-2\.1"/ },
    ],
    ["no key", "kling-2.1", { token: undefined }, { status: 401, code: "unauthorized", message: /\w{3}/ }],
    [
      "a length that the model does not have",
      "kling-2.1",
      { duration: 7 },
      { status: 400, message: /seconds must be "5" or "10"/ },
    ],
  ])(
    "says what is wrong: %s",
    async (_, modelId, { duration, ...settings }: { duration?: number; token?: undefined }, said) => {
      const wish = {
        prompt: { image: "https://pictures.example/boat.jpg", text: "The boat." },
        ...(duration && { duration }),
      };
      const video = experimental_generateVideo({ model: kling(settings).video(modelId), ...wish });
      const { message, ...rest } = said;
      await expect(video).rejects.toMatchObject({ name: "ApiError", ...rest });
      await expect(video).rejects.toThrow(message);
    },
  );

  it("says that the key's cap does not hold it", async () => {
    const poor = await machine.key({ monthlyCapUsd: 0.1 });
    const model = kling({ token: poor }).video("kling-2.1");
    const video = experimental_generateVideo({ model, prompt: { image: photo, text: "The boat is dear." } });
    await expect(video).rejects.toMatchObject({ name: "ApiError", status: 402, message: expect.stringContaining("$") });
    expect(submitted("The boat is dear.")).toEqual([]);
  });
});

describe("subscribe", () => {
  it(
    "makes a video of a file, in plain names, with one submit though its answers are lost",
    { timeout: LIMIT_MS },
    async () => {
      const prompt = "The waves roll in.";
      const input = {
        prompt,
        image: new Blob([photo]),
        model: "kling-2.1",
        mode: "pro",
        seconds: 5,
        space: "beach",
      } as const;
      const api = { baseUrl: machine.url, token };
      // All four tries of the first call are lost: the same call again finds what they started.
      await expect(subscribe(input, { ...api, fetch: losing(4) })).rejects.toMatchObject({ code: "no_answer" });
      const phases = new Set<unknown>();
      const { spaceId, media } = await subscribe(input, {
        ...api,
        onUpdate: (update) => phases.add(update.media.phase),
      });
      expect([spaceId, media.generationStatus, media.generationMode]).toEqual(["beach", "completed", "pro"]);
      expect([...phases].at(-1)).toBe("completed");
      expect(submitted(prompt)).toHaveLength(1);
    },
  );

  it("stops a generation that nobody waits for any more, at fal too", { timeout: LIMIT_MS }, async () => {
    const left = new AbortController();
    const wish = { prompt: "The waves go out.", image: new Blob([photo]), space: "beach" };
    const options = { baseUrl: machine.url, token, signal: left.signal, cancelOnAbort: true };
    const ended = subscribe(wish, { ...options, onUpdate: () => left.abort(new Error("left")) });
    await expect(ended).rejects.toThrow("left");
    const { items } = await listMedia("beach", { baseUrl: machine.url, token, limit: 1 });
    expect(items[0]?.media.generationStatus).toBe("canceled");
  });
});
