// Kling on fal's queue, against a server that answers as each test says: one POST per submit, the right paths, every fault named.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFalQueue } from "../../shared/adapters/fal-queue.ts";
import { GenerationFailedError, ProviderUnavailableError, SubmitError } from "../../shared/media/errors.ts";
import type { Kling } from "../../shared/media/ports.ts";

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

let server: ReturnType<typeof createServer>;
let url: string;
let kling: Kling;
let calls: { method: string; path: string; authorization?: string; body: string }[];
let answer: Answer;
let logged: object[];
let queueWith: (key: string) => Kling;

beforeEach(async () => {
  calls = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url: path = "", headers } = request;
      calls.push({ method, path, authorization: headers.authorization, body: Buffer.concat(chunks).toString() });
      answer(response, request);
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  url = `http://127.0.0.1:${port}`;
  logged = [];
  const log = { info: () => {}, warn: (_message: string, facts: object) => void logged.push(facts) };
  queueWith = (key) => createFalQueue({ key, queueUrl: url, platformUrl: url, log }).kling;
  kling = queueWith("the-key-of-fal");
});
afterEach(async () => {
  vi.unstubAllGlobals();
  server.closeAllConnections();
  await new Promise((closed) => server.close(closed));
});

const json =
  (status: number, body: unknown): Answer =>
  (response) =>
    void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
const request = { prompt: "p", image_url: "data:image/jpeg;base64,AAAA", aspect_ratio: "16:9" } as const;

async function submitError(): Promise<SubmitError> {
  const error: unknown = await kling.startKlingVideoGeneration(request, "standard").catch((caught: unknown) => caught);
  if (error instanceof SubmitError) return error;
  throw new Error(`no SubmitError: ${String(error)}`);
}

describe("a submit", () => {
  it.each(["standard", "pro", "master"] as const)("of mode %s goes to its own endpoint, with the key", async (mode) => {
    answer = json(200, { status: "IN_QUEUE", request_id: "r1", queue_position: 2 });
    expect(await kling.startKlingVideoGeneration(request, mode)).toEqual({ request_id: "r1", queue_position: 2 });
    expect(calls).toEqual([
      {
        method: "POST",
        path: `/fal-ai/kling-video/v2.1/${mode}/image-to-video`,
        authorization: "Key the-key-of-fal",
        body: JSON.stringify({ prompt: "p", image_url: "data:image/jpeg;base64,AAAA" }),
      },
    ]);
  });

  it("names the webhook where there is one", async () => {
    answer = json(200, { request_id: "r1" });
    await kling.startKlingVideoGeneration(request, "pro", { webhookUrl: "https://api.example/w?a=1" });
    expect(calls[0]?.path).toContain("?fal_webhook=https%3A%2F%2Fapi.example%2Fw%3Fa%3D1");
  });

  it.each<[string, SubmitError["outcome"], Answer]>([
    ["the socket drops", "in_doubt", (response) => void response.destroy()],
    [
      "the answer breaks off",
      "in_doubt",
      (r) => void r.writeHead(200, { "content-length": 99 }).write("{", () => r.destroy()),
    ],
    ["fal answers 500", "in_doubt", json(500, {})],
    ["fal answers 502", "in_doubt", json(502, {})],
    ["fal answers 503", "in_doubt", json(503, {})],
    ["fal answers 504", "in_doubt", json(504, {})],
    ["the answer has no id", "in_doubt", json(200, { status: "IN_QUEUE" })],
    ["the answer is a page", "in_doubt", (response) => void response.writeHead(200).end("<html>")],
    ["the answer redirects", "refused", (response) => void response.writeHead(307, { location: "/again" }).end()],
    ["fal is busy", "busy", json(429, { detail: "slow down" })],
    ["the key is wrong", "held", json(401, { detail: "No user found for Key ID and Secret" })],
    ["the account is locked", "held", json(403, { detail: "User is locked" })],
    [
      "the input is refused",
      "refused",
      json(422, { detail: [{ type: "content_policy_violation", msg: "Not this." }] }),
    ],
  ])("is one POST and no more when %s: %s", async (_why, outcome, fault) => {
    answer = fault;
    expect((await submitError()).outcome).toBe(outcome);
    expect(calls).toHaveLength(1);
  });

  it("was not sent when no server listens", async () => {
    await new Promise((closed) => server.close(closed));
    expect((await submitError()).outcome).toBe("not_sent");
  });

  it.each([
    ["in_doubt", "while the connection is read from", { code: "EHOSTUNREACH", syscall: "read" }],
    ["not_sent", "before there is a connection", { code: "EHOSTUNREACH", syscall: "connect" }],
    [
      "not_sent",
      "before there is one to any of its addresses",
      { code: "ENETUNREACH", errors: [{ code: "ENETUNREACH", syscall: "connect" }] },
    ],
  ])("is %s when fal leaves the network %s", async (outcome, _when, cause) => {
    vi.stubGlobal("fetch", () => Promise.reject(Object.assign(new TypeError("fetch failed"), { cause })));
    expect((await submitError()).outcome).toBe(outcome);
  });

  it("carries fal's reason when it is refused", async () => {
    answer = json(422, { detail: [{ type: "content_policy_violation", msg: "Not this." }] });
    expect(await submitError()).toMatchObject({ code: "content_policy_violation", message: "Not this." });
    answer = json(401, { detail: "Invalid key", error_type: null });
    expect(await submitError()).toMatchObject({ code: "provider_key_refused", message: "Invalid key" });
    answer = json(403, { detail: "User is locked. Reason: Exhausted balance.", error_type: "forbidden" });
    expect(await submitError()).toMatchObject({
      code: "provider_account_locked",
      httpStatus: 403,
      falType: "forbidden",
      message: "User is locked. Reason: Exhausted balance.",
    });
  });

  it.each(["fal-key…", "fal\u200bkey", "fal-\nkey", "fal\u0000key"])("is not sent with a key like %j", async (key) => {
    const error: unknown = await queueWith(key)
      .startKlingVideoGeneration(request, "standard")
      .catch((caught: unknown) => caught);
    expect(error).toMatchObject({ outcome: "held", code: "provider_key_refused" });
    expect(String(error)).not.toContain(key);
    expect(calls).toEqual([]);
  });

  it("keeps the job that an answer in doubt speaks of", async () => {
    answer = (response) => void response.writeHead(502, { "x-fal-request-id": "r9" }).end("<html>");
    expect(await submitError()).toMatchObject({ outcome: "in_doubt", requestId: "r9" });
  });

  it("is logged with its fields, and not with what they say, when fal answers in a new shape", async () => {
    answer = json(200, { id: "r1", secret: "words" });
    await submitError();
    expect(logged).toEqual([
      { event: "fal_answer_unknown", call: "submit", httpStatus: 200, fields: ["id", "secret"] },
    ]);
  });
});

describe("the status of a job", () => {
  it("is asked for once, at the application of its mode", async () => {
    answer = json(202, { status: "IN_QUEUE", queue_position: 3 });
    expect(await kling.checkKlingRequestStatus("r1", "master")).toEqual({ status: "IN_QUEUE", queue_position: 3 });
    expect(calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /fal-ai/kling-video/requests/r1/status?logs=0",
    ]);
  });

  it("is still running when fal says a word that we do not know", async () => {
    answer = json(200, { status: "PONDERING" });
    expect(await kling.checkKlingRequestStatus("r1", "pro")).toEqual({ status: "IN_PROGRESS" });
  });

  it.each([json(200, { nothing: true }), json(200, "<html>")])("is unavailable without a status", async (given) => {
    answer = given;
    await expect(kling.checkKlingRequestStatus("r1", "pro")).rejects.toBeInstanceOf(ProviderUnavailableError);
  });

  it("tells the job's own error", async () => {
    answer = json(200, { status: "COMPLETED", error: "bad", error_type: "content_policy_violation", logs: null });
    const told = { status: "COMPLETED", error: "bad", error_type: "content_policy_violation" };
    expect(await kling.checkKlingRequestStatus("r1", "pro")).toEqual(told);
  });

  it.each<[string, Answer]>([
    ["500", json(500, {})],
    ["502", json(502, {})],
    ["429", json(429, {})],
    ["404", json(404, { status: "NOT_FOUND" })],
    ["a page", (response) => void response.writeHead(200, { "content-type": "application/json" }).end("<html>")],
    ["a dropped socket", (response) => void response.destroy()],
  ])("is unavailable after one call when fal answers %s", async (_what, fault) => {
    answer = fault;
    await expect(kling.checkKlingRequestStatus("r1", "pro")).rejects.toBeInstanceOf(ProviderUnavailableError);
    expect(calls).toHaveLength(1);
  });
});

describe("the result of a job", () => {
  it("is fal's video", async () => {
    answer = json(200, { video: { url: "https://fal.example/v.mp4", file_size: 7 } });
    expect((await kling.getKlingRequestResult("r1", "pro")).data.video.url).toBe("https://fal.example/v.mp4");
    expect(calls[0]?.path).toBe("/fal-ai/kling-video/requests/r1");
  });

  it.each<[string, string, Answer]>([
    ["image_too_small", "Too small.", json(422, { detail: [{ type: "image_too_small", msg: "Too small.", loc: [] }] })],
    ["generation_failed", "It broke.", json(422, { detail: "It broke." })],
    ["bad_request", "No.", json(422, { detail: "No.", error_type: "bad_request" })],
    ["no_media_generated", "fal finished the job but returned no video.", json(200, { images: [] })],
  ])("is the failure %s in fal's words", async (code, message, fault) => {
    answer = fault;
    const error: unknown = await kling.getKlingRequestResult("r1", "pro").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(GenerationFailedError);
    expect(error).toMatchObject({ code, message });
  });

  it.each<[string, Answer]>([
    ["it is still in progress", json(400, { detail: "Request is still in progress" })],
    ["fal answers 500", json(500, { detail: "x" })],
    ["the account is locked", json(403, { detail: "User is locked. Reason: Exhausted balance." })],
    ["fal withholds it", json(403, { detail: "Forbidden" })],
    ["fal does not know it", json(404, {})],
    ["the socket drops", (response) => void response.destroy()],
    ["it is a page", (response) => void response.writeHead(200).end("<html>")],
  ])("is unavailable when %s", async (_why, fault) => {
    answer = fault;
    await expect(kling.getKlingRequestResult("r1", "pro")).rejects.toBeInstanceOf(ProviderUnavailableError);
    expect(calls).toHaveLength(1);
  });
});

describe("canceling a job", () => {
  it.each<[string, Answer]>([
    ["requested", json(202, { status: "CANCELLATION_REQUESTED" })],
    ["already_completed", json(400, { status: "ALREADY_COMPLETED" })],
    ["not_found", json(404, { status: "NOT_FOUND" })],
  ])("says %s", async (said, fault) => {
    answer = fault;
    expect(await kling.cancelKlingRequest("r1", "standard")).toBe(said);
    expect(calls).toMatchObject([{ method: "PUT", path: "/fal-ai/kling-video/requests/r1/cancel" }]);
  });

  it("is unavailable when fal is", async () => {
    answer = json(503, {});
    await expect(kling.cancelKlingRequest("r1", "standard")).rejects.toBeInstanceOf(ProviderUnavailableError);
  });
});

describe("fal's history", () => {
  it("finds a job by its picture", async () => {
    const items = [
      { request_id: "r0", json_input: { image_url: "https://other.example" } },
      { request_id: "r1", json_input: { image_url: "https://ours.example" } },
      { request_id: "r2" },
      { request_id: "r3", json_input: null },
      null,
    ];
    answer = json(200, { items });
    const since = "2026-01-01T00:00:00.000Z";
    expect(await kling.findKlingRequest({ image_url: "https://ours.example" }, "pro", since)).toEqual({
      request_id: "r1",
      image_url: "https://ours.example",
    });
    expect(await kling.findKlingRequest({ image_url: "https://unknown.example" }, "pro", since)).toBeUndefined();
    const asked = new URL(calls[0]?.path ?? "", url);
    expect(asked.pathname).toBe("/v1/models/requests/by-endpoint");
    expect(asked.searchParams.get("endpoint_id")).toBe("fal-ai/kling-video/v2.1/pro/image-to-video");
    expect(asked.searchParams.get("expand")).toBe("payloads");
    // Clocks differ.
    expect(asked.searchParams.get("start")).toBe("2025-12-31T23:50:00.000Z");
    expect(asked.searchParams.has("end")).toBe(false);
  });

  it("finds a job by its id, and says what it was made of as far as fal kept that", async () => {
    const image_url = "https://ours.example";
    answer = json(200, { items: [{ request_id: "r1", json_input: { image_url } }, { request_id: "r2" }] });
    const find = (request_id: string) => kling.findKlingRequest({ request_id }, "pro", "2026-01-01T00:00:00.000Z");
    expect(await find("r1")).toEqual({ request_id: "r1", image_url });
    expect(await find("r2")).toEqual({ request_id: "r2", image_url: undefined });
    expect(await find("r3")).toBeUndefined();
    expect(new URL(calls[0]?.path ?? "", url).searchParams.get("request_id")).toBe("r1");
  });

  it("reads on where a page ends", async () => {
    const other = { request_id: "r0", json_input: { image_url: "https://other.example" } };
    const ours = { request_id: "r1", json_input: { image_url: "https://ours.example" } };
    const pages = [json(200, { items: [other], next_cursor: "Mg==", has_more: true }), json(200, { items: [ours] })];
    answer = (...of) => pages.shift()?.(...of);
    const ourPicture = { image_url: "https://ours.example" };
    const found = await kling.findKlingRequest(ourPicture, "pro", "2026-01-01T00:00:00.000Z");
    expect(found?.request_id).toBe("r1");
    expect(calls.map(({ path }) => new URL(path, url).searchParams.get("cursor"))).toEqual([null, "Mg=="]);
  });

  it("is unavailable, not empty, when it cannot be read", async () => {
    for (const fault of [json(500, {}), json(200, { nothing: true }), json(401, {})]) {
      answer = fault;
      await expect(
        kling.findKlingRequest({ image_url: "u" }, "pro", "2026-01-01T00:00:00.000Z"),
      ).rejects.toBeInstanceOf(ProviderUnavailableError);
    }
  });
});
