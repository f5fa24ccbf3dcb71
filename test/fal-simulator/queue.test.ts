// The queue, seen through fal's own client: a job waits, runs and ends, and can be called off.
import { ApiError } from "@fal-ai/client";
import { describe, expect, it } from "vitest";
import { anyNumber, APP, openSimulator, STANDARD, textWith } from "./support.ts";

describe("a job in the queue", () => {
  it("is taken at once, with the URLs of its app and not of its endpoint", async () => {
    const { fal, simulator } = await openSimulator();
    const answer = await fal.queue.submit(STANDARD, { input: { prompt: "a boat", image_url: "" } });
    const base = `${simulator.url}/${APP}/requests/${answer.request_id}`;
    expect(answer).toEqual({
      status: "IN_QUEUE",
      request_id: textWith(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      response_url: base,
      status_url: `${base}/status`,
      cancel_url: `${base}/cancel`,
      queue_position: 2,
    });
  });

  it("counts down, runs, completes, and yields its video", async () => {
    const { fal, submit, pass, simulator } = await openSimulator();
    const requestId = await submit();
    const look = () => fal.queue.status(STANDARD, { requestId, logs: true });

    expect(await look()).toMatchObject({ status: "IN_QUEUE", queue_position: 2 });
    await pass(1);
    expect(await look()).toMatchObject({ status: "IN_QUEUE", queue_position: 1 });
    await pass(1);
    expect(await look()).toMatchObject({ status: "IN_PROGRESS", logs: [{ message: "Job started" }] });
    await expect(fal.queue.result(STANDARD, { requestId })).rejects.toMatchObject({
      status: 400,
      body: { detail: "Request is still in progress" },
    });
    await pass(6);
    expect(await look()).toMatchObject({ status: "COMPLETED", metrics: { inference_time: 6 }, request_id: requestId });
    expect(await fal.queue.result(STANDARD, { requestId })).toEqual({
      requestId,
      data: {
        video: {
          url: `${simulator.url}/files/${requestId}.mp4`,
          content_type: "video/mp4",
          file_name: "output.mp4",
          file_size: anyNumber,
        },
      },
    });
  });

  it("answers 202 until it is done, then 200, and shows logs only when asked", async () => {
    const { call, submit, pass } = await openSimulator();
    const id = await submit();
    const path = `/${APP}/requests/${id}/status`;
    expect((await call(path)).status).toBe(202);
    await pass(2);
    const running = await call(`${path}?logs=0`);
    expect(running.status).toBe(202);
    expect(await running.json()).toMatchObject({ status: "IN_PROGRESS", logs: null });
    await pass(6);
    expect((await call(path)).status).toBe(200);
    const { headers } = await call(`/${APP}/requests/${id}`);
    expect([headers.get("x-fal-request-id"), headers.get("x-fal-billable-units")]).toEqual([id, "5"]);
  });

  it("is taken whatever its body says, and fails when it runs", async () => {
    const { fal, simulator, call, pass } = await openSimulator();
    const headers = { authorization: "Key test" };
    const posts = ["not json", '{"prompt": 7}', "[]"].map((body) =>
      call(`/${STANDARD}`, { method: "POST", headers, body }),
    );
    for (const response of await Promise.all(posts)) expect(response.status).toBe(200);
    await pass(2);
    expect(simulator.jobs().map((job) => job.ending?.statusCode)).toEqual([422, 422, 422]);
    const requestId = simulator.jobs()[1]?.requestId ?? "";
    expect(await fal.queue.status(STANDARD, { requestId })).toMatchObject({
      status: "COMPLETED",
      error_type: "string_type",
    });
  });

  it("waits for a free runner when the account's jobs are all running", async () => {
    const { fal, submit, pass } = await openSimulator({ concurrency: 2 });
    const ids = [await submit(), await submit(), await submit(), await submit()];
    const statuses = () => Promise.all(ids.map((requestId) => fal.queue.status(STANDARD, { requestId })));
    await pass(2);
    expect(await statuses()).toMatchObject([
      { status: "IN_PROGRESS" },
      { status: "IN_PROGRESS" },
      { status: "IN_QUEUE", queue_position: 0 },
      { status: "IN_QUEUE", queue_position: 1 },
    ]);
    await pass(6);
    expect((await statuses()).map(({ status }) => status)).toEqual([
      "COMPLETED",
      "COMPLETED",
      "IN_PROGRESS",
      "IN_PROGRESS",
    ]);
  });

  it("has the same id again when the seed is the same", async () => {
    const one = await openSimulator({ seed: 7 });
    const other = await openSimulator({ seed: 7 });
    expect(await one.submit()).toBe(await other.submit());
    expect(await one.submit()).toBe(await other.submit());
  });
});

describe("a cancel", () => {
  it("ends a queued job as client_cancelled, unbilled", async () => {
    const { fal, submit, pass, simulator } = await openSimulator();
    const requestId = await submit();
    await fal.queue.cancel(STANDARD, { requestId });
    expect(await fal.queue.status(STANDARD, { requestId })).toMatchObject({
      status: "COMPLETED",
      error_type: "client_cancelled",
    });
    await expect(fal.queue.result(STANDARD, { requestId })).rejects.toBeInstanceOf(ApiError);
    await pass(10);
    expect(simulator.jobs()).toMatchObject([{ stage: "ended", ending: { usd: 0 } }]);
  });

  it("leaves it to a coin whether a running job still finishes", async () => {
    const { call, submit, pass, simulator } = await openSimulator();
    const ids = await Promise.all(Array.from({ length: 8 }, () => submit()));
    await pass(2);
    for (const id of ids) {
      const answer = await call(`/${APP}/requests/${id}/cancel`, { method: "PUT" });
      expect([answer.status, await answer.json()]).toEqual([202, { status: "CANCELLATION_REQUESTED" }]);
    }
    await pass(6);
    expect(new Set(simulator.jobs().map((job) => job.ending?.statusCode))).toEqual(new Set([200, 499]));
  });

  it("comes too late for a job that has ended", async () => {
    const { call, submit, pass } = await openSimulator();
    const id = await submit();
    await pass(8);
    const answer = await call(`/${APP}/requests/${id}/cancel`, { method: "PUT" });
    expect([answer.status, await answer.json()]).toEqual([400, { status: "ALREADY_COMPLETED" }]);
  });
});

describe("the door", () => {
  it("is closed without a key", async () => {
    const { call, simulator } = await openSimulator();
    const answer = await call(`/${STANDARD}`, { method: "POST", headers: {}, body: "{}" });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({
      detail: 'Cannot access application "fal-ai/kling-video". Authentication is required to access this application.',
    });
    expect((await call("/v1/models/billing-events", { headers: {} })).status).toBe(401);
    expect(simulator.jobs()).toEqual([]);
  });

  it("knows a request only under its own app", async () => {
    const { call, submit } = await openSimulator();
    const id = await submit();
    for (const path of [
      `/fal-ai/flux/requests/${id}/status`,
      `/${APP}/requests/nobody`,
      `/${APP}/requests/nobody/status`,
    ]) {
      const answer = await call(path);
      expect([answer.status, await answer.json()]).toEqual([404, { status: "NOT_FOUND" }]);
    }
    expect((await call(`/${APP}/requests/nobody/cancel`, { method: "PUT" })).status).toBe(404);
  });

  it("refuses status calls under the full endpoint id, as fal does", async () => {
    const { call, submit } = await openSimulator();
    expect((await call(`/${STANDARD}/requests/${await submit()}/status`)).status).toBe(405);
  });

  it("refuses a body larger than any picture", async () => {
    const { call, simulator } = await openSimulator();
    const answer = await call(`/${STANDARD}`, { method: "POST", body: "x".repeat(21 * 1024 * 1024) });
    expect(answer.status).toBe(413);
    expect(simulator.jobs()).toEqual([]);
  });
});

describe("the control endpoints", () => {
  it("list the jobs and every call received, and forget them on reset", async () => {
    const { call, submit, pass } = await openSimulator();
    const id = await submit();
    await pass(1);
    await call(`/${APP}/requests/${id}/status?logs=1`);
    expect(await (await call("/__simulator/jobs")).json()).toMatchObject({
      jobs: [{ requestId: id, stage: "queued" }],
    });
    expect(await (await call("/__simulator/requests")).json()).toMatchObject({
      requests: [
        { method: "POST", path: `/${STANDARD}`, requestId: id },
        { method: "GET", path: `/${APP}/requests/${id}/status?logs=1`, requestId: id },
      ],
    });
    await call("/__simulator/reset", { method: "POST" });
    expect(await (await call("/__simulator/jobs")).json()).toEqual({ jobs: [] });
    expect((await call(`/${APP}/requests/${id}/status`)).status).toBe(404);
  });
});
