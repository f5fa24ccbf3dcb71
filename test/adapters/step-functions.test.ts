// The workflow on Step Functions, through the real SDK client: starting a name twice is no error, and asking about an unknown one neither.
import { Readable } from "node:stream";
import { SFNClient } from "@aws-sdk/client-sfn";
import { beforeEach, describe, expect, it } from "vitest";
import { createStepFunctionsWorkflow } from "../../shared/adapters/step-functions.ts";
import type { Workflow } from "../../shared/media/ports.ts";
import { STATE_MACHINE_ARN } from "../../stacks/local/aws/arns.ts";
import { AwsError } from "../../stacks/local/aws/aws-error.ts";
import type { Outcome } from "../../stacks/local/aws/functions.ts";
import { createWorkflow } from "../../stacks/local/aws/workflow.ts";

const EXECUTION_ARN = "arn:aws:states:eu-west-3:123456789012:execution:generation:m-1";
const INPUT = { tenantId: "acme", spaceId: "holiday", mediaId: "m-1", enter: "submit", lap: true } as const;

interface Call {
  operation: string;
  input: unknown;
}

/** A client whose requests reach `answer` as function calls; what that throws is AWS's error. */
function client(answer: (call: Call) => unknown, calls: Call[] = []): SFNClient {
  return new SFNClient({
    region: "eu-west-3",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ headers, body }: { headers: Record<string, string>; body: Uint8Array }) => {
        const input: unknown = JSON.parse(Buffer.concat([body]).toString());
        const call = { operation: headers["x-amz-target"] ?? "", input };
        calls.push(call);
        const { statusCode, json } = answered(() => answer(call));
        return { response: { statusCode, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(json))]) } };
      },
    },
  });
}

function answered(answer: () => unknown): { statusCode: number; json: unknown } {
  try {
    return { statusCode: 200, json: answer() };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { statusCode: error.statusCode, json: { __type: error.code, message: error.message } };
  }
}

const refusing =
  (code: string, statusCode = 400) =>
  () => {
    throw new AwsError(code, `${code}: '${EXECUTION_ARN}'`, statusCode);
  };

describe("through Step Functions' API", () => {
  let calls: Call[];
  const workflow = (answer: (call: Call) => unknown): Workflow =>
    createStepFunctionsWorkflow({
      client: client(answer, calls),
      stateMachineArn: "arn:aws:states:eu-west-3:123456789012:stateMachine:generation",
      pollSeconds: 10,
    });
  beforeEach(() => {
    calls = [];
  });

  it("a start names the execution and hands over keys and the seconds between two looks, nothing else", async () => {
    await workflow(() => ({ executionArn: EXECUTION_ARN, startDate: 1_767_225_600 })).start("m-1", INPUT);
    expect(calls).toEqual([
      {
        operation: "AWSStepFunctions.StartExecution",
        input: {
          stateMachineArn: "arn:aws:states:eu-west-3:123456789012:stateMachine:generation",
          name: "m-1",
          input: JSON.stringify({ ...INPUT, pollSeconds: 10 }),
        },
      },
    ]);
  });

  it("a name that exists is a success", async () => {
    await expect(workflow(refusing("ExecutionAlreadyExists")).start("m-1", INPUT)).resolves.toBeUndefined();
    expect(calls).toHaveLength(1);
  });

  it.each([
    ["StateMachineDoesNotExist", 400],
    ["ExecutionLimitExceeded", 400],
    ["InvalidName", 400],
    ["ThrottlingException", 400],
    ["InternalServerError", 500],
  ])("every other refusal of a start is an error: %s", async (code, statusCode) => {
    await expect(workflow(refusing(code, statusCode)).start("m-1", INPUT)).rejects.toMatchObject({ name: code });
  });

  it.each([
    ["RUNNING", true],
    ["SUCCEEDED", false],
    ["FAILED", false],
    ["TIMED_OUT", false],
    ["ABORTED", false],
    ["PENDING_REDRIVE", false],
  ])("an execution that is %s runs: %s", async (status, runs) => {
    const described = { executionArn: EXECUTION_ARN, name: "m-1", status, startDate: 1_767_225_600 };
    expect(await workflow(() => described).isRunning("m-1")).toBe(runs);
    expect(calls).toEqual([
      { operation: "AWSStepFunctions.DescribeExecution", input: { executionArn: EXECUTION_ARN } },
    ]);
  });

  it("an unknown execution does not run", async () => {
    expect(await workflow(refusing("ExecutionDoesNotExist")).isRunning("m-1")).toBe(false);
  });

  it.each([
    ["InvalidArn", 400],
    ["AccessDeniedException", 400],
    ["ThrottlingException", 400],
    ["InternalServerError", 500],
  ])("not being told is not the same as not running: %s", async (code, statusCode) => {
    await expect(workflow(refusing(code, statusCode)).isRunning("m-1")).rejects.toMatchObject({ name: code });
  });
});

describe("over the state machine of this machine", () => {
  it("an execution starts once, runs until its steps are done, and its name stays taken", async () => {
    const submitted = Promise.withResolvers<Outcome>();
    const steps: unknown[] = [];
    const machine = createWorkflow({
      invoke: async (name, input) => {
        steps.push([name, input]);
        return submitted.promise;
      },
    });
    const operations: Record<string, (input: unknown) => unknown> = {
      "AWSStepFunctions.StartExecution": (input) => machine.startExecution(input),
      "AWSStepFunctions.DescribeExecution": (input) => machine.describeExecution(input),
    };
    const workflow = createStepFunctionsWorkflow({
      client: client(({ operation, input }) => operations[operation]?.(input)),
      stateMachineArn: STATE_MACHINE_ARN,
      pollSeconds: 10,
    });

    expect(await workflow.isRunning("m-1")).toBe(false);
    const look = { ...INPUT, enter: "check" } as const;
    await workflow.start("m-1", look);
    await workflow.start("m-1", look);
    await workflow.start("m-1", INPUT);
    expect(await workflow.isRunning("m-1")).toBe(true);
    expect(await workflow.isRunning("m-1-r1")).toBe(false);

    submitted.resolve({ ok: true, payload: '{"next":"done"}' });
    await expect.poll(() => workflow.isRunning("m-1")).toBe(false);
    await workflow.start("m-1", look);
    expect(await workflow.isRunning("m-1")).toBe(false);
    expect(steps).toEqual([["check-status", { ...look, pollSeconds: 10 }]]);
    machine.close();
  });
});
