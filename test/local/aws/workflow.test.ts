// The state machine as it runs on one machine: its paths over hours, and the Step Functions API around it.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { workflowDefinition } from "../../../stacks/blueprint/workflow.asl.ts";
import { STATE_MACHINE_ARN } from "../../../stacks/local/aws/arns.ts";
import type { Outcome } from "../../../stacks/local/aws/functions.ts";
import { createWorkflow } from "../../../stacks/local/aws/workflow.ts";

const INPUT = { tenantId: "t", spaceId: "s", mediaId: "m", enter: "submit", lap: true, pollSeconds: 10 };
/** It ends with its first look. */
const WAKE_UP = { ...INPUT, enter: "check", lap: false };
const START_TIME = new Date("2026-03-01T12:00:00Z");
const SECOND_MS = 1000;
const HOUR_MS = 3_600_000;

type Step = (input: unknown, call: number) => unknown;

/** Functions that follow a script; what was called, and at which second, is written down. */
function scripted(steps: Record<string, Step>) {
  const calls: { name: string; second: number; input: unknown }[] = [];
  const invoke = async (name: string, input: unknown): Promise<Outcome> => {
    const before = calls.filter((call) => call.name === name).length;
    calls.push({ name, second: (Date.now() - START_TIME.getTime()) / SECOND_MS, input });
    try {
      return { ok: true, payload: JSON.stringify(await steps[name]?.(input, before + 1)) ?? "null" };
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { ok: false, error: { errorType: error.name, errorMessage: error.message, trace: [] } };
    }
  };
  return { invoke, calls, times: () => calls.map(({ name, second }) => `${name} ${second}`) };
}

function failing(name: string, message = "it did not work"): Step {
  return () => {
    throw Object.assign(new Error(message), { name });
  };
}

const next = (...answers: string[]): Step => {
  return (_input, call) => ({ next: answers[call - 1] ?? answers.at(-1) });
};

function start(functions: ReturnType<typeof scripted>, input: object = INPUT, keepEnded?: number) {
  const workflow = createWorkflow(functions, undefined, keepEnded);
  const begin = (name: string, executionInput: object = input) =>
    workflow.startExecution({ stateMachineArn: STATE_MACHINE_ARN, name, input: JSON.stringify(executionInput) });
  const { executionArn } = begin("media-1");
  const describeNow = (arn = executionArn) => workflow.describeExecution({ executionArn: arn });
  return { workflow, begin, executionArn, describeNow };
}

beforeEach(() => {
  vi.useFakeTimers({ now: START_TIME });
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a generation on its way", () => {
  test("the machine that runs is the blueprint's, with this machine's functions in it", () => {
    const arn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
    expect(createWorkflow(scripted({})).definition).toEqual(
      workflowDefinition({
        SubmitGeneration: arn("submit-generation"),
        CheckStatus: arn("check-status"),
        FinalizeAndAnalyze: arn("finalize-and-analyze"),
        RecordFailure: arn("record-failure"),
      }),
    );
  });

  test("it is submitted, looked at every ten seconds, and finalized", async () => {
    const functions = scripted({
      "submit-generation": next("wait"),
      "check-status": next("wait", "wait", "finalize"),
      "finalize-and-analyze": next("done"),
    });
    const { describeNow } = start(functions);
    await vi.advanceTimersByTimeAsync(30 * SECOND_MS);
    expect(functions.times()).toEqual([
      "submit-generation 0",
      "check-status 10",
      "check-status 20",
      "check-status 30",
      "finalize-and-analyze 30",
    ]);
    expect(describeNow()).toMatchObject({
      status: "SUCCEEDED",
      input: JSON.stringify(INPUT),
      output: JSON.stringify({ ...INPUT, step: { next: "done" } }),
      startDate: START_TIME.getTime() / SECOND_MS,
      stopDate: START_TIME.getTime() / SECOND_MS + 30,
    });
  });

  test("a wake-up looks once and never joins the loop", async () => {
    const functions = scripted({ "check-status": next("wait") });
    const { describeNow } = start(functions, WAKE_UP);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.times()).toEqual(["check-status 0"]);
    expect(describeNow()).toMatchObject({ status: "SUCCEEDED" });
  });

  test("a released claim leads back to the submit step", async () => {
    const functions = scripted({
      "submit-generation": next("wait"),
      "check-status": next("submit", "wait"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(10 * SECOND_MS);
    expect(functions.times()).toEqual(["submit-generation 0", "check-status 10", "submit-generation 10"]);
  });
});

describe("when a step fails", () => {
  test("the image's host gets three more chances, 5, 10 and 20 seconds apart, then the failure is recorded", async () => {
    const functions = scripted({
      "submit-generation": failing("SourceImageUnavailableError", "no answer"),
      "record-failure": next("done"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.times()).toEqual([
      "submit-generation 0",
      "submit-generation 5",
      "submit-generation 15",
      "submit-generation 35",
      "record-failure 35",
    ]);
  });

  test("the failure reaches record-failure as AWS writes it: the error's name, and its cause as a JSON string", async () => {
    const functions = scripted({
      "submit-generation": failing("SourceImageError", "too small"),
      "record-failure": next("done"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.calls.at(-1)?.input).toEqual({
      ...INPUT,
      failure: {
        Error: "SourceImageError",
        Cause: JSON.stringify({ errorType: "SourceImageError", errorMessage: "too small", trace: [] }),
      },
    });
  });

  test("Lambda's own hiccups are waited out: 2, 4, 8, 16 and 32 seconds", async () => {
    const functions = scripted({
      "submit-generation": failing("Lambda.TooManyRequestsException"),
      "check-status": next("done"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.calls.map(({ second }) => second)).toEqual([0, 2, 6, 14, 30, 62, 72]);
  });

  test("a generation that finds all submits taken for two minutes waits for its turn", async () => {
    const busy = failing("Lambda.TooManyRequestsException");
    const functions = scripted({
      "submit-generation": (input, call) => (call <= 10 ? busy(input, call) : { next: "wait" }),
      "check-status": next("submit", "done"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    const others = functions.times().filter((time) => !time.startsWith("submit-generation"));
    expect(others).toEqual(["check-status 72", "check-status 112"]);
  });

  test("a check that cannot be made says nothing about the job: it goes on looking", async () => {
    const functions = scripted({
      "submit-generation": next("wait"),
      "check-status": (_input, call) => (call <= 4 ? failing("ThrottlingException")(_input, call) : { next: "done" }),
    });
    const { describeNow } = start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    // 1 + 2 + 4 s of retries, then the loop's own 10 s
    expect(functions.calls.map(({ second }) => second)).toEqual([0, 10, 11, 13, 17, 27]);
    expect(describeNow()).toMatchObject({ status: "SUCCEEDED" });
  });

  test("a step that never answers is cut at its time limit and tried again", async () => {
    const functions = scripted({
      "submit-generation": (_input, call) => (call === 1 ? new Promise(() => {}) : { next: "wait" }),
      "check-status": next("done"),
    });
    start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.times()).toEqual(["submit-generation 0", "submit-generation 121", "check-status 131"]);
  });

  test("an answer without a next step ends the execution as FAILED with States.Runtime, which nothing catches", async () => {
    const functions = scripted({ "check-status": () => null });
    const { describeNow } = start(functions, WAKE_UP);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(describeNow()).toMatchObject({ status: "FAILED", error: "States.Runtime" });
    expect(functions.times()).toEqual(["check-status 0"]);
  });

  test("an answer over 256 KB ends the execution, and no retry or catch applies", async () => {
    const functions = scripted({ "submit-generation": () => ({ next: "x".repeat(262_144) }) });
    const { describeNow } = start(functions);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(describeNow()).toMatchObject({ status: "FAILED", error: "States.DataLimitExceeded" });
    expect(functions.times()).toEqual(["submit-generation 0"]);
  });

  test("after 26 hours the execution is TIMED_OUT and nothing is called any more", async () => {
    const functions = scripted({ "submit-generation": next("wait"), "check-status": next("wait") });
    const { describeNow } = start(functions, { ...INPUT, pollSeconds: 3600 });
    await vi.advanceTimersByTimeAsync(30 * HOUR_MS);
    expect(describeNow()).toMatchObject({
      status: "TIMED_OUT",
      stopDate: START_TIME.getTime() / SECOND_MS + 26 * 3600,
    });
    expect(functions.calls).toHaveLength(1 + 25);
  });
});

describe("starting and stopping", () => {
  const idle = () => scripted({ "submit-generation": next("wait"), "check-status": next("wait") });

  test("the same name and input while it runs is the same execution", async () => {
    const functions = idle();
    const { begin, executionArn } = start(functions);
    await vi.advanceTimersByTimeAsync(5 * SECOND_MS);
    expect(begin("media-1")).toEqual({ executionArn, startDate: START_TIME.getTime() / SECOND_MS });
    expect(functions.times()).toEqual(["submit-generation 0"]);
  });

  test("the same name with another input is refused", () => {
    const { begin } = start(idle());
    expect(() => begin("media-1", { ...INPUT, lap: false })).toThrow(
      expect.objectContaining({ code: "ExecutionAlreadyExists" }),
    );
  });

  test("the name of an ended execution is refused, with the same input too", async () => {
    const { begin } = start(scripted({ "check-status": next("done") }), WAKE_UP);
    await vi.advanceTimersByTimeAsync(0);
    expect(() => begin("media-1", WAKE_UP)).toThrow(expect.objectContaining({ code: "ExecutionAlreadyExists" }));
  });

  test("a stopped execution is ABORTED at once, and its waiting step is never called", async () => {
    const functions = idle();
    const { workflow, executionArn, describeNow } = start(functions);
    await vi.advanceTimersByTimeAsync(15 * SECOND_MS);
    workflow.stopExecution({ executionArn, error: "Operator", cause: "by hand" });
    expect(describeNow()).toMatchObject({ status: "ABORTED", error: "Operator", cause: "by hand" });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.times()).toEqual(["submit-generation 0", "check-status 10"]);
    expect(describeNow()).toMatchObject({ status: "ABORTED" });
  });

  test("a stop between two retries calls nothing any more", async () => {
    const functions = scripted({ "submit-generation": failing("SourceImageUnavailableError") });
    const { workflow, executionArn } = start(functions);
    await vi.advanceTimersByTimeAsync(7 * SECOND_MS);
    workflow.stopExecution({ executionArn });
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(functions.times()).toEqual(["submit-generation 0", "submit-generation 5"]);
  });

  test("a closed machine leaves no timer behind", async () => {
    const { workflow, begin } = start(idle());
    begin("media-2");
    await vi.advanceTimersByTimeAsync(SECOND_MS);
    workflow.close();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["StateMachineDoesNotExist", { stateMachineArn: `${STATE_MACHINE_ARN}x`, input: "{}" }],
    ["InvalidExecutionInput", { stateMachineArn: STATE_MACHINE_ARN, input: "{" }],
    ["InvalidName", { stateMachineArn: STATE_MACHINE_ARN, name: "a b" }],
    ["InvalidName", { stateMachineArn: STATE_MACHINE_ARN, name: "x".repeat(81) }],
    ["ValidationException", {}],
  ])("%s for %j", (code, request) => {
    expect(() => createWorkflow(idle()).startExecution(request)).toThrow(expect.objectContaining({ code }));
  });

  test("an execution that was never started does not exist, and what is no ARN is none", () => {
    const { workflow, executionArn } = start(idle());
    const about = (arn: string) => () => workflow.describeExecution({ executionArn: arn });
    expect(about(`${executionArn}-r1`)).toThrow(expect.objectContaining({ code: "ExecutionDoesNotExist" }));
    expect(about("media-1")).toThrow(expect.objectContaining({ code: "InvalidArn" }));
  });
});

describe("the list of executions", () => {
  test("newest first, by status, page by page, also while new ones start", async () => {
    const functions = scripted({ "submit-generation": next("wait"), "check-status": next("wait") });
    const { workflow, begin } = start(functions);
    for (const name of ["a", "b", "c"]) begin(name, WAKE_UP);
    for (const name of ["d", "e"]) begin(name);
    await vi.advanceTimersByTimeAsync(0);
    const list = (more: object) => workflow.listExecutions({ stateMachineArn: STATE_MACHINE_ARN, ...more });
    const names = (page: ReturnType<typeof list>) => page.executions.map(({ name }) => name);

    expect(names(list({}))).toEqual(["e", "d", "c", "b", "a", "media-1"]);
    expect(names(list({ statusFilter: "RUNNING" }))).toEqual(["e", "d", "media-1"]);
    const first = list({ statusFilter: "SUCCEEDED", maxResults: 2 });
    expect(names(first)).toEqual(["c", "b"]);
    begin("f", WAKE_UP);
    await vi.advanceTimersByTimeAsync(0);
    const second = list({ statusFilter: "SUCCEEDED", maxResults: 2, nextToken: first.nextToken });
    expect(names(second)).toEqual(["a"]);
    expect(second.nextToken).toBeUndefined();
    expect(() => list({ nextToken: "x" })).toThrow(expect.objectContaining({ code: "InvalidToken" }));
  });

  test("ended executions are forgotten beyond the newest, running ones never", async () => {
    const functions = scripted({ "submit-generation": next("wait"), "check-status": next("wait") });
    const { workflow, begin } = start(functions, INPUT, 2);
    for (const name of ["a", "b", "c", "d"]) begin(name, WAKE_UP);
    await vi.advanceTimersByTimeAsync(0);
    const { executions } = workflow.listExecutions({ stateMachineArn: STATE_MACHINE_ARN });
    expect(executions.map(({ name }) => name)).toEqual(["d", "c", "media-1"]);
  });
});
