// An agent with the address and a key, through the official client over HTTP: it makes a video within its budget, finds it again, and is told
// what it does wrong in words that it can act on.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import * as z from "zod";
import { ROOT } from "../../stacks/offline/platform.ts";
import { strangerMachine, type StrangerMachine } from "../support/stranger-machine.ts";

const LIMIT_MS = 60_000;
const PHOTO = "https://pictures.example/boat.jpg";

let machine: StrangerMachine;
let agent: Client;
beforeAll(async () => {
  machine = await strangerMachine();
  agent = await connected(await machine.key());
}, LIMIT_MS);
afterAll(async () => {
  await agent.close();
  await machine.close();
});

async function connected(key: string): Promise<Client> {
  const client = new Client({ name: "a stranger's agent", version: "1" });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${machine.url}/mcp`), { requestInit }));
  return client;
}

const result = z.object({
  isError: z.boolean().optional(),
  content: z.array(
    z.looseObject({
      type: z.string(),
      text: z.string().optional(),
      uri: z.string().optional(),
      mimeType: z.string().optional(),
    }),
  ),
  structuredContent: z.looseObject({
    id: z.string().optional(),
    status: z.string().optional(),
    usd: z.number().optional(),
    next: z.string().optional(),
    videos: z.array(z.looseObject({ id: z.string(), status: z.string() })).optional(),
    error: z
      .looseObject({ code: z.string(), details: z.array(z.looseObject({ path: z.string() })).optional() })
      .optional(),
  }),
});

async function call(name: string, args: Record<string, unknown> = {}, by = agent) {
  const {
    isError = false,
    content,
    structuredContent: data,
  } = result.parse(await by.callTool({ name, arguments: args }));
  return {
    isError,
    text: content.map(({ text = "" }) => text).join(""),
    links: content.filter(({ type }) => type === "resource_link"),
    data,
  };
}
const submitted = (prompt: string) => machine.fal.jobs().filter(({ input }) => JSON.stringify(input).includes(prompt));

/** A picture that the machine has, as an upload: nothing outside is fetched. */
async function uploaded(): Promise<string> {
  const authorization = `Bearer ${await machine.key()}`;
  const bytes = await readFile(path.join(ROOT, "stacks/local/samples/photo.jpg"));
  const headers = { authorization, "content-type": "application/json" };
  const opened = await fetch(`${machine.url}/api/uploads`, {
    method: "POST",
    headers,
    body: JSON.stringify({ size: bytes.length }),
  });
  const { data } = z
    .object({ data: z.object({ id: z.string(), put: z.object({ url: z.string() }) }) })
    .parse(await opened.json());
  await fetch(data.put.url, { method: "PUT", body: bytes });
  return `upload:${data.id}`;
}

describe("an agent", () => {
  it("is told which tools there are, what each takes, and which of them spend", async () => {
    const { tools } = await agent.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      "list_models",
      "quote_video",
      "start_video",
      "wait_for_video",
      "get_video",
      "list_videos",
      "cancel_video",
    ]);
    const start = tools.find(({ name }) => name === "start_video");
    expect(Object.keys(start?.inputSchema.properties ?? {}).toSorted()).toEqual([
      "aspectRatio",
      "audio",
      "idempotencyKey",
      "imageUrl",
      "maxUsd",
      "mode",
      "model",
      "prompt",
      "seconds",
      "space",
    ]);
    expect(start?.inputSchema.required?.toSorted()).toEqual(["imageUrl", "maxUsd", "prompt"]);
    const writing = tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name);
    expect(writing).toEqual(["start_video", "cancel_video"]);
    expect(agent.getInstructions()).toContain("quote_video");
  });

  it(
    "makes a video for what was quoted, waits, and finds it again after its own time-out: one submit",
    async () => {
      expect((await call("list_models")).text).toContain("kling-2.1 standard (default): 5, 10 s; $0.056 a second");
      const quote = await call("quote_video", { model: "kling-2.1", mode: "pro", seconds: 5 });
      expect(quote).toMatchObject({ isError: false, data: { usd: 0.49 } });

      const prompt = "An agent's boat sails on.";
      const wish = { prompt, imageUrl: await uploaded(), mode: "pro", maxUsd: quote.data.usd, space: "agents" };
      const started = await call("start_video", wish);
      expect(started.text).toMatch(/^Started for \$0\.49\. Video agents\.\S+ is being made/);
      const id = started.data.id ?? "";
      // The answer was lost on its way: the same call, and the list, lead to the same video.
      expect(await call("start_video", wish)).toMatchObject({
        data: { id },
        text: expect.stringContaining("nothing more is paid"),
      });
      expect((await call("list_videos", { space: "agents" })).data.videos?.map((it) => it.id)).toEqual([id]);

      const ready = await vi.waitUntil(
        async () => {
          const now = await call("wait_for_video", { id, maxSeconds: 10 });
          return now.data.status === "in_progress" ? undefined : now;
        },
        { timeout: LIMIT_MS },
      );
      expect(ready).toMatchObject({ isError: false, data: { status: "completed" } });
      expect(submitted(prompt)).toHaveLength(1);
      const [video, frame] = ready.links;
      expect([video?.mimeType, frame?.mimeType]).toEqual(["video/mp4", "image/jpeg"]);
      const file = Buffer.from(await (await fetch(video?.uri ?? "")).arrayBuffer());
      expect(file.subarray(4, 8).toString()).toBe("ftyp");
      expect((await call("get_video", { id })).data).toMatchObject({ id, status: "completed" });
    },
    LIMIT_MS,
  );

  it("waits no longer than it said, and is told to ask again", async () => {
    const slow = { prompt: "Slow. [fal: slow seconds=60]", imageUrl: await uploaded(), maxUsd: 1 };
    const { data } = await call("start_video", slow);
    const began = performance.now();
    const waited = await call("wait_for_video", { id: data.id, maxSeconds: 1 });
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(waited).toMatchObject({ isError: false, text: expect.stringContaining("Call wait_for_video") });
    const canceled = await call("cancel_video", { id: data.id });
    expect([canceled.isError, canceled.text]).toEqual([
      false,
      expect.stringMatching(/canceled|asked to stop|will be asked/),
    ]);
  });

  it("has another video of the same under another key, and the same one under the same", async () => {
    const wish = { prompt: "Keyed.", imageUrl: PHOTO, maxUsd: 0.28, space: "keyed" };
    const one = await call("start_video", { ...wish, idempotencyKey: "one" });
    const two = await call("start_video", { ...wish, idempotencyKey: "two" });
    expect(two.data.id).not.toBe(one.data.id);
    expect((await call("start_video", { ...wish, idempotencyKey: "one" })).data.id).toBe(one.data.id);
    const other = await call("start_video", { ...wish, prompt: "Other.", idempotencyKey: "one" });
    expect(other).toMatchObject({ isError: true, data: { error: { code: "idempotency_key_reused" } } });
    const page = await call("list_videos", { space: "keyed", limit: 1 });
    expect(page.data.videos?.map(({ id }) => id)).toEqual([two.data.id]);
    const rest = await call("list_videos", { space: "keyed", limit: 1, after: page.data.next });
    expect(rest.data.videos?.map(({ id }) => id)).toEqual([one.data.id]);
  });
});

describe("a mistake has words that an agent can act on", () => {
  const OK = { prompt: "The boat.", imageUrl: PHOTO, maxUsd: 5 };

  it.each<[string, string, Record<string, unknown>, RegExp]>([
    ["an unknown model", "start_video", { ...OK, model: "sora-2" }, /model must be "kling-2\.1"/],
    [
      "a length that the model does not have",
      "quote_video",
      { seconds: 8 },
      /seconds must be "5" or "10" with kling-2\.1 standard/,
    ],
    ["sound where there is none", "start_video", { ...OK, audio: true }, /kling-2\.1 standard has no sound/],
    ["no maximum", "start_video", { prompt: "a", imageUrl: PHOTO }, /maxUsd Invalid input: expected number/],
    [
      "a maximum below the price",
      "start_video",
      { ...OK, maxUsd: 0.27 },
      /costs \$0\.28, more than the maxUsd of \$0\.27\. Nothing was started/,
    ],
    ["no picture", "start_video", { prompt: "a", maxUsd: 1 }, /imageUrl Invalid input: expected string/],
    ["a picture that is no link", "start_video", { ...OK, imageUrl: "boat.jpg" }, /imageUrl must be an http\(s\) link/],
    [
      "an argument by another spelling",
      "start_video",
      { ...OK, max_usd: 1, aspect_ratio: "1:1" },
      /the field is called "aspectRatio"/,
    ],
    ["an id of elsewhere", "get_video", { id: "video_123" }, /id must be the id of a video/],
    ["a video that there is not", "get_video", { id: "default.none" }, /There is no such media/],
    ["a tool that there is not", "make_movie", {}, /There is no tool make_movie\. There are: list_models, quote_video/],
  ])("%s", async (_, name, args, words) => {
    const { isError, text } = await call(name, args);
    expect([isError, text]).toEqual([true, expect.stringMatching(words)]);
    expect(submitted("The boat.")).toEqual([]);
  });

  it("over budget: what it costs and what is left", async () => {
    const poor = await connected(await machine.key({ monthlyCapUsd: 0.3 }));
    onTestFinished(() => poor.close());
    const refused = await call("start_video", { ...OK, seconds: 10 }, poor);
    expect(refused).toMatchObject({
      isError: true,
      data: { error: { code: "over_budget" } },
      text: expect.stringMatching(/costs \$0\.56, and \$0\.30 of/),
    });
  });

  it("a key that may only read: it looks, and starts nothing", async () => {
    const reader = await connected(await machine.key({ scopes: ["read"] }));
    onTestFinished(() => reader.close());
    expect((await call("list_models", {}, reader)).isError).toBe(false);
    expect(await call("start_video", OK, reader)).toMatchObject({
      isError: true,
      text: expect.stringContaining('lacks the scope "write"'),
    });
  });

  it("another tenant's video: as if there were none", async () => {
    const { data } = await call("start_video", { ...OK, space: "mine" });
    const stranger = await connected(await machine.key({ tenantId: "evil" }));
    onTestFinished(() => stranger.close());
    for (const name of ["get_video", "wait_for_video", "cancel_video"])
      expect(await call(name, { id: data.id }, stranger)).toMatchObject({
        isError: true,
        data: { error: { code: "media_not_found" } },
      });
    expect((await call("list_videos", { space: "mine" }, stranger)).data.videos).toEqual([]);
  });
});

describe("the address itself", () => {
  const ask = { jsonrpc: "2.0", id: 1, method: "tools/list" };
  async function post(headers: Record<string, string>, body: unknown = ask) {
    const both = { accept: "application/json, text/event-stream", "content-type": "application/json", ...headers };
    const answer = await fetch(`${machine.url}/mcp`, { method: "POST", headers: both, body: JSON.stringify(body) });
    return { status: answer.status, headers: answer.headers, text: await answer.text() };
  }

  it("answers in JSON without a session, to the first call already", async () => {
    const authorization = `Bearer ${await machine.key()}`;
    const { status, headers, text } = await post({ authorization });
    expect([status, headers.get("content-type"), headers.get("mcp-session-id")]).toEqual([
      200,
      "application/json",
      null,
    ]);
    expect(text).toContain('"start_video"');
  });

  it("asks for a key, and says how", async () => {
    const wrong: Record<string, string>[] = [{}, { authorization: "Bearer km_wrong" }];
    for (const headers of wrong) {
      const { status, headers: said, text } = await post(headers);
      expect([status, said.get("www-authenticate")]).toEqual([401, 'Bearer realm="kling-media"']);
      expect(text).toContain("Sign in first");
    }
    await expect(connected("km_wrong")).rejects.toThrow(/Unauthorized|401|Sign in first/);
  });

  it("refuses the pages of other origins, and takes those of its own machine", async () => {
    const authorization = `Bearer ${await machine.key()}`;
    for (const origin of ["https://evil.example", "null", `http://${new URL(machine.url).host}.evil.example`]) {
      const { status, text } = await post({ authorization, origin });
      expect([origin, status, text]).toEqual([origin, 403, expect.stringContaining("foreign_origin")]);
    }
    expect((await post({ authorization, origin: "http://localhost:6274" })).status).toBe(200);
  });

  it("has no stream to listen to: GET and DELETE are 405", async () => {
    const headers = { authorization: `Bearer ${await machine.key()}`, accept: "text/event-stream" };
    for (const method of ["GET", "DELETE"]) {
      const answer = await fetch(`${machine.url}/mcp`, { method, headers });
      expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    }
  });

  it("says in llms.txt at its root how it is used, by its tools' names", async () => {
    const answer = await fetch(`${machine.url}/llms.txt`);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/plain; charset=utf-8"]);
    const text = await answer.text();
    expect(text).toMatch(/^# Kling media backend\n\n> /);
    for (const { name } of (await agent.listTools()).tools) expect(text).toContain(`\`${name}\``);
    expect(text).toContain("`POST /api/media/enhance`");
  });
});
