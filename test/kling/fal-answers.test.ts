// What each answer of fal means, one test per row: from the status, the headers and every shape of body that was seen.
import { describe, expect, it } from "vitest";
import {
  cancelVerdict,
  reasonIn,
  resubmitAfterSeconds,
  resultVerdict,
  statusVerdict,
  submitVerdict,
  unansweredSubmit,
  type FalAnswer,
} from "../../shared/kling/fal-answers.ts";

const answer = (status: number, body: unknown, headers: Record<string, string> = {}): FalAnswer => ({
  status,
  headers: new Headers(headers),
  body,
});
const detail = (type: string, msg = "Not this.") => ({ detail: [{ loc: ["body"], msg, type }] });
const LOCKED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.";
const FINAL = { "x-fal-retryable": "false" };

describe("a submit", () => {
  it("is accepted by any 2xx with the id of the job", () => {
    for (const status of [200, 201, 202]) {
      const body = { status: "IN_QUEUE", request_id: "r1", queue_position: 0 };
      expect(submitVerdict(answer(status, body))).toEqual({ outcome: "accepted", requestId: "r1", position: 0 });
    }
  });

  it.each<[number, unknown, string]>([
    [401, { detail: "No user found for Key ID and Secret" }, "provider_key_refused"],
    [401, { detail: "Invalid key" }, "provider_key_refused"],
    [403, { detail: LOCKED }, "provider_account_locked"],
    [403, { detail: "User is locked. Reason: Admin lock." }, "provider_account_locked"],
    [402, { detail: LOCKED }, "provider_account_locked"],
    [403, { detail: LOCKED, error_type: "forbidden" }, "provider_account_locked"],
    [403, { error: { message: LOCKED, type: "authorization_error" } }, "provider_account_locked"],
  ])("is held for the account's sake by %i %j: %s", (status, body, code) => {
    expect(submitVerdict(answer(status, body))).toMatchObject({ outcome: "held", code });
  });

  it.each<[number, unknown, string]>([
    [400, { detail: "Invalid request" }, "generation_failed"],
    [402, { detail: "Payment required" }, "provider_payment_required"],
    [422, { detail: [{ msg: 'The prompt says "the user is locked in".', type: "value_error" }] }, "value_error"],
    [403, { detail: "This key may not do that" }, "provider_access_denied"],
    [404, { detail: "Application not found" }, "provider_refused"],
    [405, {}, "provider_refused"],
    [406, undefined, "provider_refused"],
    [410, {}, "provider_refused"],
    [413, {}, "generation_failed"],
    [415, {}, "generation_failed"],
    [422, detail("content_policy_violation"), "content_policy_violation"],
    [428, {}, "provider_refused"],
    [431, {}, "provider_refused"],
    [451, { detail: "Unavailable for legal reasons" }, "provider_refused"],
    [301, undefined, "provider_refused"],
    [302, undefined, "provider_refused"],
    [307, undefined, "provider_refused"],
    [308, undefined, "provider_refused"],
  ])("is refused at once by %i %j: %s", (status, body, code) => {
    const told = submitVerdict(answer(status, body));
    expect(told).toMatchObject({ outcome: "refused", code });
    expect("isUnknown" in told && told.isUnknown).toBeFalsy();
  });

  it("is refused by a 4xx that was never seen, and the log shows it", () => {
    expect(submitVerdict(answer(418, {}))).toMatchObject({ outcome: "refused", isUnknown: true });
  });

  it.each([429, 425])("is to be made again later after %i", (status) => {
    expect(submitVerdict(answer(status, { detail: "slow down" })).outcome).toBe("busy");
  });

  it.each([408, 409, 499, 500, 501, 502, 503, 504, 520, 524])("is in doubt after %i", (status) => {
    expect(submitVerdict(answer(status, undefined, FINAL)).outcome).toBe("in_doubt");
  });

  it.each<[string, FalAnswer]>([
    ["2xx without an id", answer(200, { status: "IN_QUEUE" })],
    ["2xx with an id that is none", answer(200, { request_id: 7 })],
    ["2xx with a page", answer(200, undefined)],
    ["204", answer(204, undefined)],
    ["303, which sends to what came of the POST", answer(303, undefined)],
    ["304", answer(304, undefined)],
  ])("is in doubt after %s, and the log shows it", (_what, given) => {
    expect(submitVerdict(given)).toMatchObject({ outcome: "in_doubt", isUnknown: true });
  });

  it("in doubt keeps the job that the answer speaks of in a header", () => {
    const headers = { "x-fal-request-id": "r1" };
    expect(submitVerdict(answer(200, undefined, headers))).toMatchObject({ outcome: "in_doubt", requestId: "r1" });
    expect(submitVerdict(answer(502, undefined, headers))).toMatchObject({ outcome: "in_doubt", requestId: "r1" });
  });

  it.each([
    ["not_sent", { errorCode: "ENOTFOUND", syscall: "getaddrinfo" }],
    ["not_sent", { errorCode: "EAI_AGAIN", syscall: "getaddrinfo" }],
    ["not_sent", { errorCode: "ECONNREFUSED", syscall: "connect" }],
    ["not_sent", { errorCode: "ECONNRESET", syscall: "connect" }],
    ["not_sent", { errorCode: "ETIMEDOUT", syscall: "connect" }],
    ["not_sent", { errorCode: "EHOSTUNREACH", syscall: "connect" }],
    ["not_sent", { errorCode: "EPERM", syscall: "connect" }],
    ["not_sent", { errorCode: "UND_ERR_CONNECT_TIMEOUT" }],
    ["not_sent", { errorCode: "UND_ERR_INVALID_ARG", message: "invalid authorization header" }],
    ["not_sent", { errorCode: "CERT_HAS_EXPIRED" }],
    ["not_sent", { errorCode: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY" }],
    ["not_sent", { errorCode: "ERR_TLS_CERT_ALTNAME_INVALID" }],
    ["not_sent", { errorCode: "ERR_SSL_WRONG_VERSION_NUMBER" }],
    [
      "not_sent",
      {
        errorCode: "ECONNRESET",
        message: "Client network socket disconnected before secure TLS connection was established",
      },
    ],
    ["not_sent", { errorCode: undefined, message: "bad port" }],
    ["in_doubt", { errorCode: "EHOSTUNREACH", syscall: "read" }],
    ["in_doubt", { errorCode: "ENETUNREACH", syscall: "write" }],
    ["in_doubt", { errorCode: "EHOSTUNREACH" }],
    ["in_doubt", { errorCode: "ECONNRESET" }],
    ["in_doubt", { errorCode: "ECONNRESET", syscall: "read" }],
    ["in_doubt", { errorCode: "EPIPE", syscall: "write" }],
    ["in_doubt", { errorCode: "UND_ERR_SOCKET" }],
    ["in_doubt", { errorCode: "UND_ERR_HEADERS_TIMEOUT" }],
    ["in_doubt", { errorCode: "UND_ERR_BODY_TIMEOUT" }],
    ["in_doubt", { errorCode: "ETIMEDOUT" }],
    ["in_doubt", { errorCode: undefined, message: "The operation was aborted due to timeout" }],
    ["in_doubt", { errorCode: undefined }],
  ] as const)("without an answer is %s after %o", (outcome, fault) => {
    expect(unansweredSubmit(fault)).toBe(outcome);
  });

  it("that may be made again waits 10 s, then half as long again each time, at most 5 minutes", () => {
    expect([1, 2, 3].map(resubmitAfterSeconds)).toEqual([10, 15, 22.5]);
    expect(resubmitAfterSeconds(50)).toBe(300);
  });
});

describe("a status", () => {
  it.each<[unknown, object]>([
    [
      { status: "IN_QUEUE", queue_position: 3 },
      { verdict: "queued", position: 3 },
    ],
    [{ status: "IN_QUEUE", queue_position: null }, { verdict: "queued" }],
    [{ status: "IN_QUEUE", queue_position: -1 }, { verdict: "queued" }],
    [{ status: "IN_PROGRESS", logs: null }, { verdict: "running" }],
    [{ status: "COMPLETED", metrics: {} }, { verdict: "finished" }],
    [
      { status: "COMPLETED", metrics: { inference_time: 42.5 } },
      { verdict: "finished", renderedSeconds: 42.5 },
    ],
    [{ status: "COMPLETED", error: null, error_type: null }, { verdict: "finished" }],
    [
      { status: "COMPLETED", error: "bad", error_type: "generation_timeout" },
      { verdict: "failed", reason: { words: "bad", type: "generation_timeout" } },
    ],
    [
      { status: "COMPLETED", error: { message: "bad", type: "x" } },
      { verdict: "failed", reason: { words: "bad", type: "x" } },
    ],
    [{ status: "WARMING_UP" }, { verdict: "running", isUnknown: true }],
    [{ status: "FAILED" }, { verdict: "running", isUnknown: true }],
    [{ nothing: true }, { verdict: "no_answer", isUnknown: true }],
    [undefined, { verdict: "no_answer", isUnknown: true }],
    ["<html>", { verdict: "no_answer", isUnknown: true }],
  ])("%j means %j", (body, verdict) => {
    for (const status of [200, 202]) expect(statusVerdict(answer(status, body))).toEqual(verdict);
  });

  it.each<[number, unknown, string | undefined]>([
    [404, { status: "NOT_FOUND" }, undefined],
    [401, { detail: "No user found for Key ID and Secret" }, "provider_key_refused"],
    [403, { detail: LOCKED }, "provider_account_locked"],
    [429, {}, undefined],
    [500, { detail: "Internal Server Error", error_type: "internal_error" }, "internal_error"],
    [502, undefined, undefined],
    [307, undefined, undefined],
  ])("is no answer when it comes as %i %j", (status, body, code) => {
    expect(statusVerdict(answer(status, body))).toEqual({ verdict: "no_answer", code });
  });
});

describe("a result", () => {
  const url = "https://v3.fal.media/files/a/output.mp4";
  const noLooks = "https://v3.fal.media/files/a/b";

  it.each<[unknown]>([
    [{ video: { url } }],
    [{ video: { url: noLooks, content_type: "video/mp4" } }],
    [{ video: url }],
    [{ video: noLooks }],
    [{ videos: [{ url }] }],
    [{ videos: [null, noLooks] }],
    [{ video_url: noLooks }],
    [{ data: { video: { url } } }],
    [{ output: { video: { url: noLooks } } }],
    [{ payload: { videos: [{ url: noLooks }] } }],
    [{ result: { clips: [{ href: url }] } }],
    [{ file: { link: noLooks, content_type: "video/quicktime" } }],
    [url],
  ])("is the video in %j", (body) => {
    const told = resultVerdict(answer(200, body));
    expect(told.verdict).toBe("video");
    expect(told).toMatchObject({ video: { url: expect.stringMatching(/^https:\/\/v3\.fal\.media\/files\/a\//) } });
  });

  it("keeps what else fal says of its video", () => {
    const video = { url, file_size: 7, content_type: "video/mp4" };
    expect(resultVerdict(answer(200, { video }))).toEqual({ verdict: "video", video });
  });

  it.each<[number, unknown, Record<string, string>, string, string | undefined]>([
    [422, detail("content_policy_violation"), {}, "content_policy_violation", "Not this."],
    [422, { detail: "It broke." }, {}, "generation_failed", "It broke."],
    [422, undefined, {}, "generation_failed", undefined],
    [400, detail("image_too_small"), {}, "image_too_small", "Not this."],
    [400, { detail: ["First.", "Second."] }, {}, "generation_failed", "First."],
    [
      500,
      detail("downstream_service_error", "Upstream failed."),
      FINAL,
      "downstream_service_error",
      "Upstream failed.",
    ],
    [
      500,
      { detail: "Upstream failed.", error_type: "downstream_service_error" },
      FINAL,
      "downstream_service_error",
      "Upstream failed.",
    ],
    [500, { detail: "No.", error_type: "a_new_type" }, FINAL, "a_new_type", "No."],
    [500, { detail: "No." }, { ...FINAL, "x-fal-error-type": "from_a_header" }, "from_a_header", "No."],
    [500, detail("something_new"), {}, "something_new", "Not this."],
    [504, detail("generation_timeout"), {}, "generation_timeout", "Not this."],
    [504, { detail: "Took too long.", error_type: "generation_timeout" }, {}, "generation_timeout", "Took too long."],
    [403, { detail: "Forbidden content" }, FINAL, "generation_failed", "Forbidden content"],
    [403, detail("content_policy_violation"), {}, "content_policy_violation", "Not this."],
    [200, detail("no_media_generated"), {}, "no_media_generated", "Not this."],
  ])("is the job's own failure as %i %j %j: %s", (status, body, headers, code, words) => {
    expect(resultVerdict(answer(status, body, headers))).toMatchObject({ verdict: "failed", code, reason: { words } });
  });

  it.each<[number, unknown]>([
    [200, {}],
    [200, { images: [{ url: "https://v3.fal.media/a.png", content_type: "image/png" }], seed: 1 }],
    [200, { video: null }],
    [200, { error: "Nothing came of it." }],
  ])("shows no video as %i %j", (status, body) => {
    expect(resultVerdict(answer(status, body)).verdict).toBe("no_video");
  });

  it.each<[number, unknown, Record<string, string>]>([
    [200, { file: noLooks }, {}],
    [403, { detail: "Forbidden" }, {}],
    [410, {}, {}],
    [500, { detail: "No.", error_type: "a_new_type" }, {}],
  ])("is withheld as %i %j: the video may be there", (status, body, headers) => {
    expect(resultVerdict(answer(status, body, headers)).verdict).toBe("withheld");
  });

  it.each<[number, unknown, Record<string, string>]>([
    [400, { detail: "Request is still in progress" }, {}],
    [400, { detail: "Request is still in progress" }, FINAL],
    [401, { detail: "No user found for Key ID and Secret" }, {}],
    [403, { detail: LOCKED }, FINAL],
    [404, { status: "NOT_FOUND" }, {}],
    [404, { detail: "Request not found" }, FINAL],
    [429, {}, {}],
    [500, {}, {}],
    [500, { detail: "Internal Server Error", error_type: "internal_error" }, {}],
    [503, { detail: "Runner disconnected", error_type: "runner_disconnected" }, {}],
    [502, undefined, {}],
    [302, undefined, {}],
    [200, undefined, {}],
    [200, 7, {}],
  ])("is no answer as %i %j %j", (status, body, headers) => {
    expect(resultVerdict(answer(status, body, headers)).verdict).toBe("no_answer");
  });
});

describe("a cancel", () => {
  it.each<[string, FalAnswer]>([
    ["requested", answer(202, { status: "CANCELLATION_REQUESTED" })],
    ["requested", answer(200, { status: "OK" })],
    ["already_completed", answer(400, { status: "ALREADY_COMPLETED" })],
    ["already_completed", answer(200, { status: "ALREADY_COMPLETED" })],
    ["not_found", answer(404, { status: "NOT_FOUND" })],
    ["no_answer", answer(500, {})],
    ["no_answer", answer(401, {})],
  ])("is %s", (verdict, given) => {
    expect(cancelVerdict(given)).toBe(verdict);
  });
});

describe("fal's reason", () => {
  it.each<[unknown, { type?: string; words?: string }]>([
    [{ detail: "Words." }, { words: "Words." }],
    [
      { detail: "Words.", error_type: "t" },
      { type: "t", words: "Words." },
    ],
    [{ detail: { msg: "Words.", type: "t" } }, { type: "t", words: "Words." }],
    [{ detail: { message: "Words.", code: "t" } }, { type: "t", words: "Words." }],
    [{ detail: ["Words.", "More."] }, { words: "Words." }],
    [{ detail: [{ loc: ["body"] }, { msg: "Words.", type: "t" }] }, { type: "t", words: "Words." }],
    [{ error: { message: "Words.", type: "t" } }, { type: "t", words: "Words." }],
    [{ error: "Words." }, { words: "Words." }],
    [{ message: "Words." }, { words: "Words." }],
    [{ errors: [{ message: "Words." }] }, { words: "Words." }],
    [{ detail: "", error: { message: "Words." } }, { words: "Words." }],
    [{ detail: null }, {}],
    [undefined, {}],
    ["<html>", {}],
    [[1, null], {}],
  ])("in %j is %j", (body, reason) => {
    expect(reasonIn({ headers: new Headers(), body })).toEqual(reason);
  });
});
