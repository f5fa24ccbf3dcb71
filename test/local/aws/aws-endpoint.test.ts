// The AWS clients of this machine: the real SDK, pointed at the local endpoint, sees AWS's own answers and errors.
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateApiDestinationCommand,
  CreateConnectionCommand,
  DeleteRuleCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  InvalidEventPatternException,
  ListEventBusesCommand,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  ManagedRuleException,
  PutEventsCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  ResourceNotFoundException as NoSuchRule,
} from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient, ResourceNotFoundException } from "@aws-sdk/client-lambda";
import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  GetExecutionHistoryCommand,
  InvalidExecutionInput,
  InvalidToken,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SFNClient,
  StartExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import {
  BatchEntryIdsNotDistinct,
  BatchRequestTooLong,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  EmptyBatchRequest,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  InvalidBatchEntryId,
  ListQueuesCommand,
  PurgeQueueCommand,
  PurgeQueueInProgress,
  QueueDeletedRecently,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
  TooManyEntriesInBatchRequest,
} from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "node:net";
import { STATE_MACHINE_ARN } from "../../../stacks/local/aws/arns.ts";
import { createAwsEndpoint } from "../../../stacks/local/aws/aws-endpoint.ts";
import { openDynamoDb } from "../../../stacks/local/aws/dynamodb.ts";
import { createEventBus } from "../../../stacks/local/aws/event-bus.ts";
import { createDeliveries } from "../../../stacks/local/aws/deliveries.ts";
import { createFunctions, type Handler } from "../../../stacks/local/aws/functions.ts";
import { openApiDestinations } from "../../../stacks/local/aws/api-destinations.ts";
import { openQueues } from "../../../stacks/local/aws/queues.ts";
import { deadLettersOfFunction, openRules } from "../../../stacks/local/aws/rules.ts";
import { createWorkflow, localDefinition } from "../../../stacks/local/aws/workflow.ts";
import { RULES } from "../../../stacks/blueprint/rules.ts";
import { WORKFLOW_FUNCTIONS } from "../../../stacks/blueprint/workflow.asl.ts";
import { serve } from "../local-server.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const INPUT = JSON.stringify({ enter: "check", lap: true, pollSeconds: 3600 });

async function endpoint(handler: Handler = () => ({ next: "wait" }), directory?: string) {
  const functions = createFunctions(
    Object.values(WORKFLOW_FUNCTIONS).map((handlerPath) => ({ handlerPath, timeoutSeconds: 60 })),
    { resolve: () => handler },
  );
  const where = directory ?? (await temporaryDirectory());
  const accepted: [string, unknown][] = [];
  const queues = await openQueues(`${where}/queues`);
  const apiDestinations = await openApiDestinations(where);
  const others = createDeliveries({ functions, queues, apiDestinations }, where, []);
  const deliveries: Pick<typeof others, "accept"> = {
    async accept(to, event) {
      if (to.arn.includes(":lambda:")) accepted.push([to.arn.replace(/^.*:/, ""), event]);
      else await others.accept(to, event);
    },
  };
  const workflow = createWorkflow(functions);
  onTestFinished(() => workflow.close());
  const mayBeTarget = (arn: string) => functions.find(arn) !== undefined || queues.has(arn) || apiDestinations.has(arn);
  const rules = await openRules(RULES, mayBeTarget, where);
  const bus = createEventBus(rules, deliveries);
  const parts = { workflow, bus, rules, apiDestinations, queues, functions, deliveries };
  const deadLettersOf = (name: string) => deadLettersOfFunction(RULES, name);
  const url = await serve(createAwsEndpoint({ dynamoDb: await openDynamoDb(), ...parts, deadLettersOf }));
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
    sqs: new SQSClient(config),
  };
  onTestFinished(() => Object.values(clients).forEach((client) => client.destroy()));
  return { url, where, accepted, ...clients };
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

describe("what a debugger asks Step Functions", () => {
  /** From the first step on, until `step` says that it is over. */
  async function ended(step: Handler) {
    const { sfn } = await endpoint(step);
    const input = JSON.stringify({ enter: "check", lap: true, pollSeconds: 0 });
    const { executionArn } = await sfn.send(new StartExecutionCommand({ stateMachineArn: STATE_MACHINE_ARN, input }));
    const describeNow = () => sfn.send(new DescribeExecutionCommand({ executionArn }));
    await expect.poll(async () => (await describeNow()).status).not.toBe("RUNNING");
    const history = async (more: object = {}) =>
      await sfn.send(new GetExecutionHistoryCommand({ executionArn, ...more }));
    return { input, history };
  }

  test("which state machine there is, and what it does", async () => {
    const { sfn } = await endpoint();
    const { stateMachines } = await sfn.send(new ListStateMachinesCommand({}));
    expect(stateMachines).toMatchObject([{ stateMachineArn: STATE_MACHINE_ARN, name: "generation", type: "STANDARD" }]);
    expect(stateMachines?.[0]?.creationDate).toBeInstanceOf(Date);
    const machine = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: STATE_MACHINE_ARN }));
    expect(machine).toMatchObject({
      status: "ACTIVE",
      type: "STANDARD",
      roleArn: expect.stringMatching(/^arn:aws:iam/),
    });
    expect(JSON.parse(machine.definition ?? "")).toEqual(localDefinition());
    await expect(
      sfn.send(new DescribeStateMachineCommand({ stateMachineArn: `${STATE_MACHINE_ARN}-2` })),
    ).rejects.toBeInstanceOf(StateMachineDoesNotExist);
  });

  test("the steps of an execution: each state and each call of a function, with what went in and came out", async () => {
    const answers = ["wait", "done"];
    const { input, history } = await ended(() => ({ next: answers.shift() }));
    const { events = [] } = await history();
    const lap = [
      "TaskStateEntered",
      "LambdaFunctionScheduled",
      "LambdaFunctionStarted",
      "LambdaFunctionSucceeded",
      "TaskStateExited",
      "ChoiceStateEntered",
      "ChoiceStateExited",
    ];
    expect(events.map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "ChoiceStateEntered",
      "ChoiceStateExited",
      ...lap,
      "WaitStateEntered",
      "WaitStateExited",
      ...lap,
      "SucceedStateEntered",
      "SucceedStateExited",
      "ExecutionSucceeded",
    ]);
    expect(events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual(events.map((_, n) => [n + 1, n]));
    expect(events[0]).toMatchObject({ timestamp: expect.any(Date), executionStartedEventDetails: { input } });
    expect(events[3]?.stateEnteredEventDetails).toMatchObject({ name: "CheckStatus", input });
    expect(events[4]?.lambdaFunctionScheduledEventDetails).toMatchObject({
      resource: "arn:aws:lambda:us-east-1:000000000000:function:check-status",
      timeoutInSeconds: 60,
    });
    expect(events[6]?.lambdaFunctionSucceededEventDetails?.output).toBe('{"next":"wait"}');
    expect(JSON.parse(events[7]?.stateExitedEventDetails?.output ?? "")).toMatchObject({ step: { next: "wait" } });
  });

  test("a history by pages, from its end, and without what went in and came out", async () => {
    const { history } = await ended(() => ({ next: "done" }));
    const { events: last = [], nextToken } = await history({ reverseOrder: true, maxResults: 2 });
    expect(last.map(({ type }) => type)).toEqual(["ExecutionSucceeded", "SucceedStateExited"]);
    const { events: before = [] } = await history({ reverseOrder: true, maxResults: 1, nextToken });
    expect(before.map(({ id }) => id)).toEqual([(last[1]?.id ?? 0) - 1]);
    const { events: bare } = await history({ includeExecutionData: false });
    expect(JSON.stringify(bare)).not.toMatch(/"(input|output)"/);
    await expect(history({ nextToken: "x" })).rejects.toBeInstanceOf(InvalidToken);
  });

  test("an execution that failed tells with what", async () => {
    const { history } = await ended(() => ({ next: "unknown" }));
    const { events = [] } = await history({ reverseOrder: true, maxResults: 2 });
    expect(events).toMatchObject([
      { type: "ExecutionFailed", executionFailedEventDetails: { error: "UnknownMedia" } },
      { type: "FailStateEntered", stateEnteredEventDetails: { name: "UnknownMedia" } },
    ]);
  });
});

describe("EventBridge", () => {
  test("the buses are listed, and a rule is described by the bus that it is of", async () => {
    const { events } = await endpoint();
    expect((await events.send(new ListEventBusesCommand({}))).EventBuses).toMatchObject([
      { Name: "default", Arn: "arn:aws:events:us-east-1:000000000000:event-bus/default" },
      { Name: "media", Arn: "arn:aws:events:us-east-1:000000000000:event-bus/media" },
    ]);
    const rule = await events.send(new DescribeRuleCommand({ Name: "generation-requested", EventBusName: "media" }));
    expect(rule).toMatchObject({
      Arn: "arn:aws:events:us-east-1:000000000000:rule/media/generation-requested",
      State: "ENABLED",
      EventBusName: "media",
    });
    expect(JSON.parse(rule.EventPattern ?? "")).toEqual({ "detail-type": ["Generation Requested"] });
    const onDefault = { Arn: "arn:aws:events:us-east-1:000000000000:rule/execution-ended", EventBusName: "default" };
    expect(await events.send(new DescribeRuleCommand({ Name: "execution-ended" }))).toMatchObject(onDefault);
    expect((await events.send(new ListRulesCommand({}))).Rules).toMatchObject([onDefault]);
    const page = await events.send(new ListRulesCommand({ EventBusName: "media", Limit: 1 }));
    expect(page.Rules).toMatchObject([{ Name: "generation-requested" }]);
    const { NextToken } = page;
    const rest = await events.send(new ListRulesCommand({ EventBusName: "media", NextToken }));
    expect(rest.Rules?.map(({ Name }) => Name)).not.toContain("generation-requested");
    await expect(events.send(new DescribeRuleCommand({ Name: "generation-requested" }))).rejects.toBeInstanceOf(
      NoSuchRule,
    );
  });

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

describe("a rule that a user registers", () => {
  const ended = JSON.stringify({ source: ["media.generation"], "detail-type": ["Generation Completed"] });
  const put = (events: EventBridgeClient, DetailType: string) =>
    events.send(
      new PutEventsCommand({
        Entries: [{ EventBusName: "media", Source: "media.generation", DetailType, Detail: '{"mediaId":"m"}' }],
      }),
    );

  async function queueNamed(sqs: SQSClient, QueueName: string) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] }));
    return { QueueUrl, Arn: Attributes?.QueueArn };
  }
  const received = async (sqs: SQSClient, QueueUrl: string | undefined) =>
    (await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))).Messages ?? [];

  test("sends what it matches to a queue, and nothing else", async () => {
    const { events, sqs } = await endpoint();
    const { QueueUrl, Arn } = await queueNamed(sqs, "videos");
    const { RuleArn } = await events.send(
      new PutRuleCommand({ Name: "videos", EventBusName: "media", EventPattern: ended }),
    );
    expect(RuleArn).toBe("arn:aws:events:us-east-1:000000000000:rule/media/videos");
    const Targets = [{ Id: "queue", Arn }];
    expect(await events.send(new PutTargetsCommand({ Rule: "videos", EventBusName: "media", Targets }))).toMatchObject({
      FailedEntryCount: 0,
    });
    await put(events, "Generation Started");
    await put(events, "Generation Completed");
    const [message, ...more] = await received(sqs, QueueUrl);
    expect(more).toEqual([]);
    expect(JSON.parse(message?.Body ?? "")).toMatchObject({
      source: "media.generation",
      "detail-type": "Generation Completed",
      detail: { mediaId: "m" },
    });
  });

  test("sends to an HTTP endpoint by an API destination, with its key", async () => {
    const { events } = await endpoint();
    const arrived = Promise.withResolvers<{ key: unknown; body: string }>();
    const shop = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += String(chunk)));
      request.on("end", () => {
        arrived.resolve({ key: request.headers["x-api-key"], body });
        response.end();
      });
    });
    const AuthParameters = { ApiKeyAuthParameters: { ApiKeyName: "x-api-key", ApiKeyValue: "s3cret" } };
    const { ConnectionArn } = await events.send(
      new CreateConnectionCommand({ Name: "shop", AuthorizationType: "API_KEY", AuthParameters }),
    );
    const InvocationEndpoint = `${shop}/videos`;
    const { ApiDestinationArn: Arn } = await events.send(
      new CreateApiDestinationCommand({ Name: "shop", ConnectionArn, InvocationEndpoint, HttpMethod: "POST" }),
    );
    await events.send(new PutRuleCommand({ Name: "shop", EventBusName: "media", EventPattern: ended }));
    await events.send(
      new PutTargetsCommand({ Rule: "shop", EventBusName: "media", Targets: [{ Id: "shop", Arn, RoleArn: "any" }] }),
    );
    await put(events, "Generation Completed");
    const { key, body } = await arrived.promise;
    expect([key, JSON.parse(body)]).toMatchObject(["s3cret", { "detail-type": "Generation Completed" }]);
  });

  test("whose endpoint is gone leaves the event in its dead-letter queue, with the reason", async () => {
    const { events, sqs } = await endpoint();
    const letters = await queueNamed(sqs, "shop-dead-letters");
    const AuthParameters = { BasicAuthParameters: { Username: "ada", Password: "s3cret" } };
    const { ConnectionArn } = await events.send(
      new CreateConnectionCommand({ Name: "shop", AuthorizationType: "BASIC", AuthParameters }),
    );
    const InvocationEndpoint = await serve((_, response) => void response.writeHead(410).end());
    const { ApiDestinationArn: Arn } = await events.send(
      new CreateApiDestinationCommand({ Name: "shop", ConnectionArn, InvocationEndpoint, HttpMethod: "POST" }),
    );
    await events.send(new PutRuleCommand({ Name: "shop", EventBusName: "media", EventPattern: ended }));
    const Targets = [{ Id: "shop", Arn, DeadLetterConfig: { Arn: letters.Arn } }];
    await events.send(new PutTargetsCommand({ Rule: "shop", EventBusName: "media", Targets }));
    await put(events, "Generation Completed");
    expect(await received(sqs, letters.QueueUrl)).toMatchObject([
      { MessageAttributes: { ERROR_MESSAGE: { StringValue: `${InvocationEndpoint} answered 410.` } } },
    ]);
  });

  test("is kept over a restart, listed, and removed", async () => {
    const first = await endpoint();
    const { Arn } = await queueNamed(first.sqs, "videos");
    await first.events.send(new PutRuleCommand({ Name: "videos", EventBusName: "media", EventPattern: ended }));
    const target = { Rule: "videos", EventBusName: "media" };
    await first.events.send(new PutTargetsCommand({ ...target, Targets: [{ Id: "queue", Arn }] }));

    const { events, sqs } = await endpoint(undefined, first.where);
    const names = async () =>
      (await events.send(new ListRulesCommand({ EventBusName: "media" }))).Rules?.map(({ Name }) => Name);
    const ours = RULES.filter((rule) => rule.bus === "media").map(({ name }) => name);
    expect(await names()).toEqual([...ours, "videos"]);
    expect((await events.send(new ListTargetsByRuleCommand(target))).Targets).toMatchObject([{ Id: "queue", Arn }]);
    await put(events, "Generation Completed");
    expect(await received(sqs, "videos")).toHaveLength(1);

    await expect(events.send(new DeleteRuleCommand({ Name: "videos", EventBusName: "media" }))).rejects.toThrow(
      "it has targets",
    );
    await events.send(new RemoveTargetsCommand({ ...target, Ids: ["queue"] }));
    await events.send(new DeleteRuleCommand({ Name: "videos", EventBusName: "media" }));
    expect(await names()).toEqual(ours);
  });

  test("that this bus could not keep to is refused, in the SDK's own errors", async () => {
    const { events } = await endpoint();
    const rule = (more: object) =>
      events.send(new PutRuleCommand({ Name: "mine", EventBusName: "media", EventPattern: ended, ...more }));
    await expect(rule({ EventPattern: '{"source":[{"prefix":"media"}]}' })).rejects.toBeInstanceOf(
      InvalidEventPatternException,
    );
    await expect(rule({ EventPattern: "{" })).rejects.toBeInstanceOf(InvalidEventPatternException);
    await expect(rule({ Name: "generation-requested" })).rejects.toBeInstanceOf(ManagedRuleException);
    await expect(rule({ EventBusName: undefined })).rejects.toBeInstanceOf(NoSuchRule);
    await rule({});
    const target = (more: object) =>
      events.send(
        new PutTargetsCommand({
          Rule: "mine",
          EventBusName: "media",
          Targets: [{ Id: "t", Arn: "arn:aws:lambda:us-east-1:000000000000:function:check-status", ...more }],
        }),
      );
    await expect(target({ Arn: "arn:aws:sqs:us-east-1:000000000000:nobody" })).rejects.toThrow("is no target");
    await expect(target({ InputPath: "$.detail" })).rejects.toThrow("InputPath");
    await target({});
  });
});

describe("SQS", () => {
  test("a message is sent, received once while it is hidden, and deleted", async () => {
    const { sqs } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName: "orders" }))).QueueUrl).toBe(QueueUrl);
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: "ord" }))).QueueUrls).toEqual([QueueUrl]);
    const MessageAttributes = { kind: { DataType: "String", StringValue: "x" } };
    const { MessageId } = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "né", MessageAttributes }));

    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages).toMatchObject([{ MessageId, Body: "né", MessageAttributes }]);
    expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
    const count = async () =>
      (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }))).Attributes;
    expect(await count()).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "1",
    });
    await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages[0]?.ReceiptHandle }));
    expect(await count()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
  });

  test("a receiver that waits is woken by what comes", async () => {
    const { sqs } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "now" }));
    expect((await waiting).Messages).toMatchObject([{ Body: "now" }]);
  });

  test("what was not deleted is there after a restart, in its order", async () => {
    const { sqs, where } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    for (const MessageBody of ["1", "2"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));

    const again = await endpoint(undefined, where);
    const { Messages } = await again.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: `${again.url}/000000000000/orders`, MaxNumberOfMessages: 10 }),
    );
    expect(Messages).toMatchObject([{ Body: "1" }, { Body: "2" }]);
  });

  test("a batch is sent and deleted entry by entry: one that cannot be taken keeps no other back", async () => {
    const { sqs } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    const sent = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: "a", MessageBody: "1" },
          { Id: "b", MessageBody: "" },
          { Id: "c", MessageBody: "3" },
        ],
      }),
    );
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(["a", "c"]);
    expect(sent.Failed).toMatchObject([{ Id: "b", SenderFault: true, Code: "MissingParameter" }]);
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages.map(({ Body }) => Body)).toEqual(["1", "3"]);
    const Entries = Messages.map(({ ReceiptHandle }, n) => ({ Id: String(n), ReceiptHandle }));
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    expect(deleted.Successful?.map(({ Id }) => Id)).toEqual(["0", "1"]);
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
  });

  test.each([
    ["none", [], EmptyBatchRequest],
    [
      "eleven",
      Array.from({ length: 11 }, (_, n) => ({ Id: String(n), MessageBody: "x" })),
      TooManyEntriesInBatchRequest,
    ],
    ["two of one id", [1, 2].map(() => ({ Id: "a", MessageBody: "x" })), BatchEntryIdsNotDistinct],
    ["an id with a space", [{ Id: "a b", MessageBody: "x" }], InvalidBatchEntryId],
    [
      "more than a MiB together",
      ["a", "b"].map((Id) => ({ Id, MessageBody: "x".repeat(600_000) })),
      BatchRequestTooLong,
    ],
  ])("a batch of %s is refused as a whole", async (_, Entries, error) => {
    const { sqs } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    await expect(sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))).rejects.toBeInstanceOf(error);
  });

  test("a queue is purged, once a minute, and deleted; after a restart it is still gone", async () => {
    const { sqs, where } = await endpoint();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
    for (const MessageBody of ["1", "2"]) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
    await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: "0", ApproximateNumberOfMessagesNotVisible: "0" });
    await expect(sqs.send(new PurgeQueueCommand({ QueueUrl }))).rejects.toBeInstanceOf(PurgeQueueInProgress);

    const waiting = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const [told] = await Promise.all([Promise.allSettled([waiting]), sqs.send(new DeleteQueueCommand({ QueueUrl }))]);
    expect(told).toMatchObject([{ reason: { name: "QueueDoesNotExist" } }]);
    await expect(sqs.send(new CreateQueueCommand({ QueueName: "orders" }))).rejects.toBeInstanceOf(
      QueueDeletedRecently,
    );
    const again = await endpoint(undefined, where);
    expect((await again.sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).toEqual([]);
  });

  test("a queue of the project's own is not deleted: dead letters would have nowhere to go", async () => {
    const queues = await openQueues(await temporaryDirectory());
    await queues.create("generation-requested-dead-letters");
    const QueueUrl = "http://127.0.0.1/000000000000/generation-requested-dead-letters";
    await expect(queues.operations["DeleteQueue"]?.({ QueueUrl }, "")).rejects.toThrow("purge it instead");
  });

  test("its errors arrive as the SDK's own classes, and under their older names", async () => {
    const { sqs, url } = await endpoint();
    const headers = { "x-amz-target": "AmazonSQS.PurgeQueue", "content-type": "application/x-amz-json-1.0" };
    const response = await fetch(url, { method: "POST", headers, body: '{"QueueUrl":"nobody"}' });
    expect(response.headers.get("x-amzn-query-error")).toBe("AWS.SimpleQueueService.NonExistentQueue;Sender");
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: "nobody" }))).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(sqs.send(new CreateQueueCommand({ QueueName: "a/b" }))).rejects.toThrow("1 to 80 letters");
  });
});

describe("STS", () => {
  const query = async (form: Record<string, string>) => {
    const { url } = await endpoint();
    const response = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
    return { status: response.status, type: response.headers.get("content-type"), xml: await response.text() };
  };

  test("says who is calling: the root of the account, whatever the keys", async () => {
    const { status, type, xml } = await query({ Action: "GetCallerIdentity", Version: "2011-06-15" });
    expect([status, type]).toEqual([200, "text/xml"]);
    expect(xml.replace(/[0-9a-f-]{36}/, "id").trim()).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></GetCallerIdentityResponse>`,
    );
  });

  test("what it does not know is named, and a client of SQS's older protocol is told to be newer", async () => {
    expect(await query({ Action: "AssumeRole<", Version: "2011-06-15" })).toMatchObject({
      status: 400,
      xml: expect.stringContaining("<Code>InvalidAction</Code><Message>This endpoint does not know AssumeRole.<"),
    });
    expect((await query({ Action: "ListQueues", Version: "2012-11-05" })).xml).toContain("a client of 2024 or later");
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

  test("an unknown operation is an UnknownOperationException", async () => {
    const { url } = await endpoint();
    for (const target of ["AWSStepFunctions.CreateStateMachine", "toString", ""]) {
      const response = await fetch(url, { method: "POST", headers: { "x-amz-target": target }, body: "{}" });
      expect(await response.json()).toMatchObject({ __type: "UnknownOperationException" });
    }
  });

  test("a client that hangs up in the middle of a DynamoDB call disturbs no other", async () => {
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
