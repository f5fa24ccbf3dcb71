// Whose line of the log it is: Lambda's id of the invocation stands on every line, however many run in one process.
import type { Context } from "aws-lambda";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import * as z from "zod/mini";
import { http, onEvent, reply, step } from "../../shared/edge/lambda.ts";
import { log } from "../../shared/services/log.ts";

const written: Record<string, unknown>[] = [];
beforeAll(() => vi.stubEnv("POWERTOOLS_LOG_LEVEL", "INFO"));
beforeEach(() => {
  written.length = 0;
  const remember = (text: string | Uint8Array) => {
    const lines = String(text).split("\n");
    written.push(
      ...lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as (typeof written)[0]),
    );
    return true;
  };
  vi.spyOn(process.stdout, "write").mockImplementation(remember);
  vi.spyOn(process.stderr, "write").mockImplementation(remember);
});
afterEach(() => vi.restoreAllMocks());

const contextOf = (awsRequestId: string) => ({ awsRequestId }) as Context;
const httpEvent = {
  version: "2.0",
  routeKey: "GET /",
  rawPath: "/",
  rawQueryString: "",
  headers: {},
  requestContext: { requestId: "trace", http: { method: "GET" } },
  isBase64Encoded: false,
};
const lines = () => written.map(({ message, function_request_id: id }) => [message, id]);

describe("a line of the log", () => {
  it("says which invocation of many it is of", async () => {
    const gate = Promise.withResolvers<void>();
    const run = step(z.object({ n: z.number() }), async ({ n }) => {
      await gate.promise;
      log().warn(`from ${n}`, {});
    });
    const running = [1, 2, 3].map((n) => run({ n }, contextOf(`id-${n}`)));
    gate.resolve();
    await Promise.all(running);
    expect(lines()).toEqual([
      ["from 1", "id-1"],
      ["from 2", "id-2"],
      ["from 3", "id-3"],
    ]);
  });

  it("says so of what was thrown: by a step, an event's function and a route", async () => {
    const fail = () => Promise.reject(new Error("no"));
    await expect(step(z.unknown(), fail)({ mediaId: "m" }, contextOf("of-step"))).rejects.toThrow("no");
    await expect(onEvent(z.unknown(), fail)({}, contextOf("of-event"))).rejects.toThrow("no");
    await http(z.object({}), fail)(httpEvent, contextOf("of-route"));
    expect(lines()).toEqual([
      ["step failed", "of-step"],
      ["event failed", "of-event"],
      ["request failed", "of-route"],
    ]);
  });

  it("is of none before any, and answers are as they were", async () => {
    const answered = await http(z.object({}), async () => reply(200, {}))(httpEvent, contextOf("quiet"));
    expect(answered).toMatchObject({ statusCode: 200 });
    expect(written).toEqual([]);
  });
});
