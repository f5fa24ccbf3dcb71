// The unmodified `openai` package against the routes of /v1: a video from start to file, counted at fal, and each mistake in words that can be shown.
import { readFile } from "node:fs/promises";
import path from "node:path";
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ROOT } from "../../stacks/offline/platform.ts";
import { strangerMachine, type StrangerMachine } from "../support/stranger-machine.ts";

const PHOTO = path.join(ROOT, "stacks/local/samples/photo.jpg");
const LIMIT_MS = 60_000;

let machine: StrangerMachine;
let photo: Buffer<ArrayBuffer>;
let openai: OpenAI;
beforeAll(async () => {
  machine = await strangerMachine();
  photo = await readFile(PHOTO);
  openai = clientWith(await machine.key());
}, LIMIT_MS);
afterAll(() => machine.close());

function clientWith(apiKey: string, fetch?: typeof globalThis.fetch) {
  return new OpenAI({ baseURL: `${machine.url}/v1`, apiKey, ...(fetch && { fetch }) });
}
const picture = () => toFile(photo, "photo.jpg", { type: "image/jpeg" });
/** Prompts tell the jobs apart. */
const submitted = (prompt: string) => machine.fal.jobs().filter(({ input }) => JSON.stringify(input).includes(prompt));

describe("the openai package", () => {
  it(
    "makes a video of a file, with one submit at fal, and takes it away",
    async () => {
      const prompt = "The boat sails on.";
      const made = await openai.videos.create({
        model: "kling-2.1-pro",
        prompt,
        seconds: "5" as OpenAI.VideoSeconds,
        size: "1280x720",
        input_reference: await picture(),
      });
      expect(made).toMatchObject({
        object: "video",
        status: "queued",
        model: "kling-2.1-pro",
        seconds: "5",
        error: null,
      });

      const video = await vi.waitUntil(
        async () => {
          const now = await openai.videos.retrieve(made.id);
          return now.status === "completed" || now.status === "failed" ? now : undefined;
        },
        { timeout: LIMIT_MS, interval: 250 },
      );
      expect(video).toMatchObject({ status: "completed", progress: 100, prompt, error: null });
      expect(video.completed_at).toBeGreaterThanOrEqual(made.created_at);
      expect(submitted(prompt)).toHaveLength(1);

      const file = Buffer.from(await (await openai.videos.downloadContent(made.id)).arrayBuffer());
      expect(file.subarray(4, 8).toString()).toBe("ftyp");
      const frame = await openai.videos.downloadContent(made.id, { variant: "thumbnail" });
      expect([...Buffer.from(await frame.arrayBuffer()).subarray(0, 2)]).toEqual([0xff, 0xd8]);

      await vi.waitUntil(async () => (await deleted(made.id)) !== undefined, { timeout: LIMIT_MS, interval: 500 });
      await expect(openai.videos.retrieve(made.id)).rejects.toMatchObject({ status: 404, code: "media_not_found" });
    },
    LIMIT_MS,
  );

  /** Undefined while it is still being described. */
  const deleted = (id: string) => openai.videos.delete(id, { maxRetries: 0 }).catch(() => undefined);

  it("pages through the videos of a space, in either direction", async () => {
    const headers = { "x-space-id": "pages" };
    const made = [];
    for (const n of [1, 2, 3]) made.push((await openai.videos.create(wish(`Wave ${n}.`), { headers })).id);
    const found = async (order: "asc" | "desc") => {
      const ids = [];
      for await (const { id } of openai.videos.list({ limit: 2, order }, { headers })) ids.push(id);
      return ids;
    };
    expect(await found("desc")).toEqual(made.toReversed());
    expect(await found("asc")).toEqual(made);
    expect((await openai.videos.list()).data.map(({ id }) => id)).not.toContain(made[0]);
    await expect(openai.videos.list({ after: made[0] ?? "" })).rejects.toMatchObject({ status: 400, param: "after" });
  });

  it("takes a picture by link and as a data: URI, in JSON as well", async () => {
    const dataUri = `data:image/jpeg;base64,${photo.toString("base64")}`;
    const byLink = { ...wish("By link."), input_reference: { image_url: dataUri } };
    expect(await openai.videos.create(byLink)).toMatchObject({ status: "queued", size: null });
    const asJson = await post(byLink);
    expect([asJson.status, await asJson.json()]).toMatchObject([
      200,
      { model: "kling-2.1-standard", prompt: "By link." },
    ]);
  });
});

describe("a start whose answer is lost", () => {
  /** Sends each request, and loses the first answers on the way back. */
  function losing(answers: number): typeof fetch {
    let lost = 0;
    return async (...request) => {
      const answer = await fetch(...request);
      if (lost++ < answers) throw new TypeError("fetch failed");
      return answer;
    };
  }
  const started = async (space: string) =>
    (await openai.videos.list({}, { headers: { "x-space-id": space } })).data.map(({ id }) => id);

  it(
    "is found again by the package's own repeats, and paid once",
    async () => {
      const lossy = clientWith(await machine.key(), losing(2));
      const { id } = await lossy.videos.create({ ...wish("Lost."), input_reference: await picture() }, inSpace("lost"));
      expect(await started("lost")).toEqual([id]);
      await vi.waitUntil(async () => (await openai.videos.retrieve(id)).status === "completed", { timeout: LIMIT_MS });
      expect(submitted("Lost.")).toHaveLength(1);
    },
    LIMIT_MS,
  );

  it("is no other caller's, nor another wish's", async () => {
    const repeat = { ...inSpace("repeats"), headers: { "x-space-id": "repeats", "x-stainless-retry-count": "1" } };
    const first = await openai.videos.create(wish("Mine."), inSpace("repeats"));
    expect((await openai.videos.create(wish("Mine."), repeat)).id).toBe(first.id);
    expect((await openai.videos.create(wish("Other."), repeat)).id).not.toBe(first.id);
    expect((await clientWith(await machine.key()).videos.create(wish("Mine."), repeat)).id).not.toBe(first.id);
    // The same wish once more, not as a repeat, is another video: and what a repeat finds from then on.
    const second = await openai.videos.create(wish("Mine."), inSpace("repeats"));
    expect(second.id).not.toBe(first.id);
    expect((await openai.videos.create(wish("Mine."), repeat)).id).toBe(second.id);
  });

  it("is one start under an Idempotency-Key, whatever the client counts", async () => {
    const options = { ...inSpace("keys"), headers: { "x-space-id": "keys", "idempotency-key": "k-1" } };
    const first = await openai.videos.create(wish("Keyed."), options);
    expect((await openai.videos.create(wish("Keyed."), options)).id).toBe(first.id);
    await expect(openai.videos.create(wish("Something else."), options)).rejects.toMatchObject({
      status: 422,
      code: "idempotency_key_reused",
      message: expect.stringContaining("Send the same body again, or a new key."),
    });
  });
});

describe("a mistake has words that can be shown", () => {
  const OK = { prompt: "The boat.", input_reference: { image_url: "https://pictures.example/boat.jpg" } };

  it.each<[string, object, object]>([
    [
      "an unknown model",
      { model: "sora-2" },
      {
        status: 400,
        param: "model",
        code: "invalid_request",
        message: /must be one of kling-2\.1-standard, kling-2\.1-pro/,
      },
    ],
    [
      "a length that the model does not have",
      { seconds: "8" },
      { status: 400, param: "seconds", message: /seconds must be "5" or "10" with kling-2\.1 standard/ },
    ],
    [
      "a size that there is not",
      { size: "1024x1792" },
      { status: 400, param: "size", message: /size Invalid option: expected one of "1920x1080"/ },
    ],
    [
      "no picture",
      { input_reference: undefined },
      { status: 400, param: "input_reference", message: /input_reference is needed: the picture to animate/ },
    ],
    [
      "a picture that is no link",
      { input_reference: { image_url: "file-123" } },
      { status: 400, param: "input_reference.image_url", message: /must be an http\(s\) link/ },
    ],
    ["no words", { prompt: "" }, { status: 400, param: "prompt", message: /must say what should happen in the video/ }],
    [
      "sound where there is none",
      { audio: true },
      { status: 400, param: "audio", message: /kling-2\.1 standard has no sound/ },
    ],
    [
      "a field that is nearly one of ours",
      { second: "10" },
      { status: 400, param: "second", message: /the field is called "seconds"/ },
    ],
  ])("%s", async (_, change, said) => {
    await expect(openai.videos.create({ ...OK, ...change })).rejects.toMatchObject(worded(said));
  });

  it("a picture over 4 MB: send a link", async () => {
    const large = await toFile(Buffer.alloc(4 * 1024 * 1024 + 1), "large.png", { type: "image/png" });
    const refused = openai.videos.create({ ...OK, input_reference: large });
    await expect(refused).rejects.toMatchObject(
      worded({ status: 413, message: /larger than 4 MB.*Send a link to it instead/ }),
    );
    const larger = await toFile(Buffer.alloc(7 * 1024 * 1024), "larger.png", { type: "image/png" });
    await expect(openai.videos.create({ ...OK, input_reference: larger })).rejects.toMatchObject(
      worded({ status: 413, message: /send a link instead of a file/ }),
    );
  });

  it("no key, and one that was revoked", async () => {
    for (const wrong of ["none", `km_${"0".repeat(20)}_${"0".repeat(64)}`]) {
      await expect(clientWith(wrong).videos.create(OK)).rejects.toMatchObject(
        worded({
          status: 401,
          code: "unauthorized",
          type: "authentication_error",
          message: /Sign in first: this needs a valid key/,
        }),
      );
    }
  });

  it("a key without the scope", async () => {
    const reader = clientWith(await machine.key({ scopes: ["read"] }));
    await expect(reader.videos.create(OK)).rejects.toMatchObject(
      worded({ status: 403, code: "missing_scope", message: /The key lacks the scope "write"/ }),
    );
  });

  it("over budget: what it costs and what is left, and nothing is tried again", async () => {
    const calls: string[] = [];
    const poor = clientWith(await machine.key({ monthlyCapUsd: 0.3 }), async (url, options) => {
      calls.push(url instanceof Request ? url.url : url.toString());
      return fetch(url, options);
    });
    await expect(poor.videos.create({ ...OK, seconds: "10" as OpenAI.VideoSeconds })).rejects.toMatchObject(
      worded({
        status: 402,
        code: "over_budget",
        type: "insufficient_quota",
        message: /costs \$0\.56, and \$0\.30 of/,
      }),
    );
    // It asks its own fetch for forms first, by a data: URL.
    expect(calls.filter((url) => url.startsWith("http"))).toHaveLength(1);
  });

  it("what is not there, is another tenant's, or is not finished", async () => {
    const slow = { prompt: "The boat. [fal: slow seconds=60]", input_reference: await picture() };
    const { id } = await openai.videos.create(slow, inSpace("mistakes"));
    const stranger = clientWith(await machine.key({ tenantId: "evil" }));
    await expect(stranger.videos.retrieve(id)).rejects.toMatchObject({ status: 404, code: "media_not_found" });
    await expect(openai.videos.retrieve("video_123")).rejects.toMatchObject(
      worded({ status: 400, param: "id", message: /must be the id of a video/ }),
    );
    const impatient = { maxRetries: 0 };
    await expect(openai.videos.delete(id, impatient)).rejects.toMatchObject(
      worded({ status: 409, code: "not_deletable", message: /cancel it first/ }),
    );
    await expect(openai.videos.downloadContent(id, {}, impatient)).rejects.toMatchObject(
      worded({ status: 409, code: "video_not_ready", message: /still being made/ }),
    );
    await expect(openai.videos.downloadContent(id, { variant: "spritesheet" })).rejects.toMatchObject({
      status: 400,
      param: "variant",
    });
  });

  it(
    "a picture that cannot be used: the video has failed, and says why",
    async () => {
      const notes = await toFile(Buffer.from("notes"), "notes.txt");
      const { id } = await openai.videos.create({ ...OK, input_reference: notes });
      const failed = await vi.waitUntil(
        async () => {
          const now = await openai.videos.retrieve(id);
          return now.status === "failed" ? now : undefined;
        },
        { timeout: LIMIT_MS, interval: 250 },
      );
      expect(failed.error).toMatchObject({
        code: "image_type_unsupported",
        message: expect.stringContaining("JPEG, PNG or WebP"),
      });
    },
    LIMIT_MS,
  );

  it("a form that is none, and a body that is neither form nor JSON", async () => {
    const authorization = `Bearer ${await machine.key()}`;
    const send = async (type: string, body: string) => {
      const answer = await fetch(`${machine.url}/v1/videos`, {
        method: "POST",
        headers: { authorization, "content-type": type },
        body,
      });
      return [answer.status, ((await answer.json()) as { error: { code: string } }).error.code];
    };
    expect(await send("multipart/form-data; boundary=x", "--y\r\n")).toEqual([400, "malformed_form"]);
    expect(await send("multipart/form-data", "--y\r\n")).toEqual([415, "unsupported_media_type"]);
    expect(await send("text/plain", "hello")).toEqual([415, "unsupported_media_type"]);
    expect(await send("application/json", "{")).toEqual([400, "malformed_json"]);
    const parts = Array.from(
      { length: 101 },
      (_, n) => `--x\r\ncontent-disposition: form-data; name="p${n}"\r\n\r\n1\r\n`,
    );
    expect(await send("multipart/form-data; boundary=x", `${parts.join("")}--x--\r\n`)).toEqual([
      400,
      "malformed_form",
    ]);
  });
});

function wish(prompt: string): OpenAI.VideoCreateParams {
  return { prompt, input_reference: { image_url: `${machine.url}/samples/photo.jpg` } };
}
const inSpace = (space: string) => ({ headers: { "x-space-id": space } });

async function post(body: object) {
  const headers = { authorization: `Bearer ${await machine.key()}`, "content-type": "application/json" };
  return fetch(`${machine.url}/v1/videos`, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Texts of a pattern, and the rest as it is. */
function worded(said: object): object {
  const entries = Object.entries(said).map(([name, value]: [string, unknown]): [string, unknown] => [
    name,
    value instanceof RegExp ? expect.stringMatching(value) : value,
  ]);
  return Object.fromEntries(entries);
}
