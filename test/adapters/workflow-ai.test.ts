// WorkflowAI through its own SDK, against a server that speaks its API: better words when it answers, the user's own whenever it does not.
import { createServer, type ServerResponse } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod";
import { fakeTimeouts } from "../client/fake-api.ts";
import { createWorkflowAi, type WorkflowAiOptions } from "../../shared/adapters/workflow-ai.ts";

/** Nothing leaves this machine: what would is written down, and answered. Before the SDK is loaded, which keeps the `fetch` it finds. */
const internet = vi.hoisted(() => {
  const real = globalThis.fetch;
  const asked: string[] = [];
  globalThis.fetch = async (input, init) => {
    const { href, hostname } = new URL(input instanceof Request ? input.url : input);
    if (hostname === "127.0.0.1") return real(input, init);
    asked.push(href);
    return Response.json({ task_output: { enhanced_prompt: "Waves from afar." } });
  };
  return { asked };
});

type Answer = (response: ServerResponse) => void;

const OWN_WORDS = "The waves roll in.";
const IMAGE_LINK = "https://api.example/sources/m-1.jpg";
const JPEG = "data:image/jpeg;base64,/9j/4AAQSkZJRg==";
const frameAt = (which: string) => `https://fal.example/${which}.jpg`;
const VIDEO = { videoUrl: "https://fal.example/v.mp4", frame: async (which: string) => frameAt(which) };

let server: ReturnType<typeof createServer>;
let url: string;
let calls: { method: string; path: string; authorization?: string; body: unknown }[];
let answer: Answer;
/** Resolves at the next call. */
let called: PromiseWithResolvers<void>;
let warnings: string[];

beforeEach(async () => {
  calls = [];
  warnings = [];
  called = Promise.withResolvers();
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
      calls.push({ method, path, authorization: headers.authorization, body });
      called.resolve();
      answer(response);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const agents = (options: Partial<WorkflowAiOptions> = {}) =>
  createWorkflowAi({
    key: "wai-key",
    url,
    promptAgent: { id: "Kling-Prompt", schemaId: 2, version: "production" },
    videoAgent: { id: "video-description", schemaId: 1, version: "dev" },
    log: { info: () => {}, warn: (message, facts) => void warnings.push(`${message} ${JSON.stringify(facts)}`) },
    ...options,
  });

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
/** A run as the API gives it. */
const ran = (output: unknown) =>
  json(200, {
    id: "run-1",
    task_output: output,
    version: { properties: { model: "some-model" } },
    duration_seconds: 1.2,
    cost_usd: 0.001,
    feedback_token: "t",
  });
const silence: Answer = () => {};

/** From here on time passes only as the test says. */
function stopTime(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  fakeTimeouts();
}

describe("the prompt", () => {
  it("is WorkflowAI's", async () => {
    answer = ran({ enhanced_prompt: "  Waves roll in, cinematic. \n" });
    expect(await agents().enhance(OWN_WORDS, IMAGE_LINK)).toBe("Waves roll in, cinematic.");
    expect(warnings).toEqual([]);
  });

  it("is asked for once, of the configured agent in the configured version, with the key", async () => {
    answer = ran({ enhanced_prompt: "Waves." });
    await agents().enhance(OWN_WORDS, IMAGE_LINK);
    expect(calls).toEqual([
      {
        method: "POST",
        path: "/v1/_/agents/kling-prompt/schemas/2/run",
        authorization: "Bearer wai-key",
        body: {
          task_input: { image: { url: IMAGE_LINK }, basic_prompt: OWN_WORDS },
          version: "production",
          use_cache: "auto",
          stream: false,
        },
      },
    ]);
  });

  it("goes with the picture itself where there is no link to it", async () => {
    answer = ran({ enhanced_prompt: "Waves." });
    await agents().enhance(OWN_WORDS, JPEG);
    expect(calls[0]?.body).toMatchObject({
      task_input: { image: { content_type: "image/jpeg", data: "/9j/4AAQSkZJRg==" } },
    });
  });
});

/** What may come instead of an answer. */
const FAULTS: [what: string, fault: Answer][] = [
  ["500", json(500, { error: { code: "internal_error" } })],
  ["500 with a page", (response) => void response.writeHead(500).end("<html>")],
  ["404, the agent being unknown", json(404, { detail: "no such agent" })],
  ["401", json(401, { error: { code: "invalid_api_key" } })],
  ["a page", (response) => void response.writeHead(200).end("<html>")],
  ["half an answer", (response) => void response.writeHead(200).end('{"task_output": {"enhanced_prompt": "Wav')],
  ["nothing at all", (response) => void response.writeHead(200, { "content-length": "0" }).end()],
  ["no content", (response) => void response.writeHead(204).end()],
  ["another shape", json(200, { result: "Waves." })],
  ["null", json(200, null)],
  ["a run without words", ran({})],
  ["empty words", ran({ enhanced_prompt: "", video_description: "" })],
  ["blank words", ran({ enhanced_prompt: " \n", video_description: " \n" })],
  ["words that are none", ran({ enhanced_prompt: 7, video_description: 7 })],
  // These two the SDK makes again by itself unless it is kept from it.
  ["429", json(429, { error: { code: "too_many_requests" } }, { "retry-after": "1" })],
  ["a dropped socket", (response) => void response.destroy()],
];

describe("the user's own words are the prompt, after one call,", () => {
  it.each(FAULTS)("when the answer is %s", async (_what, fault) => {
    answer = fault;
    expect(await agents().enhance(OWN_WORDS, IMAGE_LINK)).toBe(OWN_WORDS);
    expect(calls).toHaveLength(1);
  });

  it("when no server listens", async () => {
    await new Promise((closed) => server.close(closed));
    expect(await agents().enhance(OWN_WORDS, IMAGE_LINK)).toBe(OWN_WORDS);
    expect(warnings).toHaveLength(1);
  });

  it("when ten seconds have passed without an answer, and not before", async () => {
    stopTime();
    answer = silence;
    const settled = vi.fn();
    const prompt = agents().enhance(OWN_WORDS, IMAGE_LINK);
    void prompt.then(settled);
    await called.promise;
    await vi.advanceTimersByTimeAsync(9_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await prompt).toBe(OWN_WORDS);
    expect(calls).toHaveLength(1);
    expect(warnings.join()).toContain("too late");
  });

  it("and the log says why, without the words", async () => {
    answer = json(500, { error: { code: "internal_error" } });
    await agents().enhance(OWN_WORDS, IMAGE_LINK);
    expect(warnings).toEqual([expect.stringContaining("internal_error")]);
    expect(warnings.join()).not.toContain(OWN_WORDS);
    expect(warnings.join()).not.toContain("wai-key");
  });
});

describe("the description of a video", () => {
  it("is WorkflowAI's, made of the first, the middle and the last frame", async () => {
    answer = ran({ video_description: " Waves at a beach. " });
    expect(await agents().describe(VIDEO)).toBe("Waves at a beach.");
    expect(calls).toMatchObject([
      {
        path: "/v1/_/agents/video-description/schemas/1/run",
        body: {
          task_input: { images: ["first", "middle", "last"].map((which) => ({ url: frameAt(which) })) },
          version: "dev",
        },
      },
    ]);
  });

  it("is made of the frames that could be had, and of no single picture", async () => {
    answer = ran({ video_description: "Waves." });
    const without = (...missing: string[]) => ({
      ...VIDEO,
      frame: async (which: string) => {
        if (missing.includes(which)) throw new Error("fal is down");
        return frameAt(which);
      },
    });
    expect(await agents().describe(without("middle"))).toBe("Waves.");
    expect(calls[0]?.body).toMatchObject({
      task_input: { images: [{ url: frameAt("first") }, { url: frameAt("last") }] },
    });
    await expect(agents().describe(without("middle", "last"))).rejects.toThrow("too few frames");
    expect(calls).toHaveLength(1);
  });

  it.each(FAULTS)("is an error after one call when the answer is %s", async (_what, fault) => {
    answer = fault;
    await expect(agents().describe(VIDEO)).rejects.toThrow();
    expect(calls).toHaveLength(1);
  });

  it("is an error after half a minute without an answer", async () => {
    stopTime();
    answer = silence;
    const description = agents().describe(VIDEO);
    const failed = expect(description).rejects.toThrow("too late");
    await called.promise;
    await vi.advanceTimersByTimeAsync(30_000);
    await failed;
    expect(calls).toHaveLength(1);
  });
});

describe("WorkflowAI", () => {
  it("is found where it lives when no other address is configured", async () => {
    expect(await agents({ url: undefined }).enhance(OWN_WORDS, IMAGE_LINK)).toBe("Waves from afar.");
    expect(internet.asked).toEqual(["https://run.workflowai.com/v1/_/agents/kling-prompt/schemas/2/run"]);
  });
});
