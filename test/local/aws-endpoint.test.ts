// The AWS clients of this machine: the real SDK, pointed at the local endpoint, sees AWS's own answers and errors.
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient, ResourceNotFoundException } from "@aws-sdk/client-lambda";
import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  InvalidExecutionInput,
  ListExecutionsCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "node:net";
import { STATE_MACHINE_ARN } from "../../stacks/local/arns.ts";
import { createAwsEndpoint } from "../../stacks/local/aws-endpoint.ts";
import { openDynamoDb } from "../../stacks/local/dynamodb.ts";
import { createEventBus } from "../../stacks/local/event-bus.ts";
import { createFunctions, type Handler } from "../../stacks/local/functions.ts";
import { createWorkflow } from "../../stacks/local/workflow.ts";
import { RULES } from "../../stacks/blueprint/rules.ts";
import { WORKFLOW_FUNCTIONS } from "../../stacks/blueprint/workflow.asl.ts";
import { serve } from "./local-server.ts";

const INPUT = JSON.stringify({ enter: "check", lap: true, pollSeconds: 3600 });

async function endpoint(handler: Handler = () => ({ next: "wait" })) {
  const functions = createFunctions(
    Object.values(WORKFLOW_FUNCTIONS).map((handlerPath) => ({ handlerPath, timeoutSeconds: 60 })),
    { resolve: () => handler },
  );
  const accepted: [string, unknown][] = [];
  const deliveries = { accept: async (name: string, event: unknown) => void accepted.push([name, event]) };
  const workflow = createWorkflow(functions);
  onTestFinished(() => workflow.close());
  const bus = createEventBus(RULES, deliveries);
  const url = await serve(createAwsEndpoint({ dynamoDb: await openDynamoDb(), workflow, bus, functions, deliveries }));
  const config = {
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  };
  const clients = {
    dynamoDb: new DynamoDBClient(config),
    sfn: new SFNClient(config),
    events: new EventBridgeClient(config),
    lambda: new LambdaClient(config),
  };
  onTestFinished(() => Object.values(clients).forEach((client) => client.destroy()));
  return { url, accepted, ...clients };
}

test("DynamoDB answers on the same address", async () => {
  const { dynamoDb } = await endpoint();
  expect((await dynamoDb.send(new ListTablesCommand({}))).TableNames).toEqual(["Media"]);
  const documents = DynamoDBDocumentClient.from(dynamoDb);
  await documents.send(new PutCommand({ TableName: "Media", Item: { pk: "p", sk: "s", list: [1, { a: null }] } }));
  const { Item } = await documents.send(new GetCommand({ TableName: "Media", Key: { pk: "p", sk: "s" } }));
  expect(Item).toEqual({ pk: "p", sk: "s", list: [1, { a: null }] });
});

describe("Step Functions", () => {
  test("an execution is started, described, listed and stopped", async () => {
    const { sfn } = await endpoint();
    const { executionArn, startDate } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: STATE_MACHINE_ARN, name: "media-1", input: INPUT }),
    );
    expect(executionArn).toBe("arn:aws:states:us-east-1:000000000000:execution:generation:media-1");
    expect(Date.now() - (startDate?.getTime() ?? 0)).toBeLessThan(5000);

    expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: "RUNNING",
      name: "media-1",
      stateMachineArn: STATE_MACHINE_ARN,
      startDate,
      input: INPUT,
    });
    const running = await sfn.send(
      new ListExecutionsCommand({ stateMachineArn: STATE_MACHINE_ARN, statusFilter: "RUNNING" }),
    );
    expect(running.executions).toMatchObject([{ executionArn, status: "RUNNING" }]);

    const { stopDate } = await sfn.send(new StopExecutionCommand({ executionArn, error: "Operator" }));
    expect(await sfn.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
      status: "ABORTED",
      stopDate,
      error: "Operator",
    });
  });

  test("a start without a name gets one", async () => {
    const { sfn } = await endpoint();
    const { executionArn } = await sfn.send(
      new StartExecutionCommand({ stateMachineArn: STATE_MACHINE_ARN, input: INPUT }),
    );
    expect(executionArn).toMatch(/:execution:generation:[0-9a-f-]{36}$/);
  });

  test("its errors arrive as the SDK's own classes", async () => {
    const { sfn } = await endpoint();
    const start = (more: object) =>
      sfn.send(
        new StartExecutionCommand({ stateMachineArn: STATE_MACHINE_ARN, name: "media-1", input: INPUT, ...more }),
      );
    const { executionArn } = await start({});
    await expect(start({ input: "{}" })).rejects.toBeInstanceOf(ExecutionAlreadyExists);
    await expect(start({ name: "media-2", input: "{" })).rejects.toBeInstanceOf(InvalidExecutionInput);
    await expect(start({ stateMachineArn: `${STATE_MACHINE_ARN}-2` })).rejects.toBeInstanceOf(StateMachineDoesNotExist);
    await expect(sfn.send(new DescribeExecutionCommand({ executionArn: `${executionArn}-r1` }))).rejects.toBeInstanceOf(
      ExecutionDoesNotExist,
    );
  });
});

describe("EventBridge", () => {
  test("a matching event is delivered; a malformed one fails alone", async () => {
    const { events, accepted } = await endpoint();
    const entry = { EventBusName: "media", Source: "my.app", DetailType: "Generation Requested" };
    const time = new Date("2026-03-01T12:00:00Z");
    const answer = await events.send(
      new PutEventsCommand({
        Entries: [
          { ...entry, Detail: '{"n":1}', Time: time },
          { ...entry, Detail: "{" },
          { ...entry, Detail: "{}", DetailType: "Generation Completed" },
        ],
      }),
    );
    expect(answer).toMatchObject({
      FailedEntryCount: 1,
      Entries: [{ EventId: expect.any(String) }, { ErrorCode: "MalformedDetail" }, { EventId: expect.any(String) }],
    });
    expect(accepted).toMatchObject([
      ["start-from-event", { id: answer.Entries?.[0]?.EventId, time: "2026-03-01T12:00:00Z", detail: { n: 1 } }],
    ]);
  });
});

describe("Lambda", () => {
  const invoke = (lambda: LambdaClient, more: object = {}) =>
    lambda.send(
      new InvokeCommand({ FunctionName: "check-status", Payload: JSON.stringify({ mediaId: "m" }), ...more }),
    );

  test.each(["check-status", "arn:aws:lambda:us-east-1:000000000000:function:check-status", "check-status:$LATEST"])(
    "%s is invoked and answers",
    async (FunctionName) => {
      const { lambda } = await endpoint((event) => ({ event }));
      const { StatusCode, Payload, FunctionError } = await invoke(lambda, { FunctionName });
      expect(StatusCode).toBe(200);
      expect(FunctionError).toBeUndefined();
      expect(Payload?.transformToString()).toBe('{"event":{"mediaId":"m"}}');
    },
  );

  test("what it throws comes back as data", async () => {
    const { lambda } = await endpoint(() => {
      throw Object.assign(new Error("was faster"), { name: "StaleMediaError" });
    });
    const { StatusCode, FunctionError, Payload } = await invoke(lambda);
    expect({ StatusCode, FunctionError }).toEqual({ StatusCode: 200, FunctionError: "Unhandled" });
    expect(JSON.parse(Payload?.transformToString() ?? "")).toEqual({
      errorType: "StaleMediaError",
      errorMessage: "was faster",
      trace: expect.any(Array),
    });
  });

  test("asynchronously it is accepted, and delivered apart", async () => {
    const { lambda, accepted } = await endpoint();
    expect(await invoke(lambda, { InvocationType: "Event" })).toMatchObject({ StatusCode: 202 });
    expect(accepted).toEqual([["check-status", { mediaId: "m" }]]);
  });

  test("a dry run calls nothing", async () => {
    let calls = 0;
    const { lambda, accepted } = await endpoint(() => ++calls);
    expect(await invoke(lambda, { InvocationType: "DryRun" })).toMatchObject({ StatusCode: 204 });
    expect([calls, accepted]).toEqual([0, []]);
  });

  test("a function that does not exist and a payload that is no JSON are the SDK's errors", async () => {
    const { lambda } = await endpoint();
    await expect(invoke(lambda, { FunctionName: "nobody" })).rejects.toBeInstanceOf(ResourceNotFoundException);
    await expect(invoke(lambda, { Payload: "{" })).rejects.toMatchObject({ name: "InvalidRequestContentException" });
  });
});

describe("whatever else arrives", () => {
  test("a web page is turned away, whatever it asks", async () => {
    const { url } = await endpoint();
    const path = "/2015-03-31/functions/check-status/invocations";
    const response = await fetch(url + path, {
      method: "POST",
      headers: { origin: "https://evil.example.com" },
      body: "{}",
    });
    expect(response.status).toBe(403);
  });

  test("an operation nobody knows is an UnknownOperationException", async () => {
    const { url } = await endpoint();
    for (const target of ["AWSStepFunctions.CreateStateMachine", "toString", ""]) {
      const response = await fetch(url, { method: "POST", headers: { "x-amz-target": target }, body: "{}" });
      expect(await response.json()).toMatchObject({ __type: "UnknownOperationException" });
    }
  });

  test("a client that hangs up in the middle of a DynamoDB call takes nobody with it", async () => {
    const { url, dynamoDb } = await endpoint();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.write(
      "POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\nContent-Length: 100\r\n\r\nhalf",
    );
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.resetAndDestroy();
    expect((await dynamoDb.send(new ListTablesCommand({}))).TableNames).toEqual(["Media"]);
  });
});
