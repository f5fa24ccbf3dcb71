// One address for the AWS clients of this machine: DynamoDB, Step Functions, EventBridge, SQS, Lambda and STS, told apart as their protocols do.
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { functionArn, queueArn } from "./arns.ts";
import { answerQuery } from "./query-protocol.ts";
import { AwsError } from "./aws-error.ts";
import type { ApiDestinations } from "./api-destinations.ts";
import type { Deliveries } from "./deliveries.ts";
import type { DynamoDb } from "./dynamodb.ts";
import type { EventBus } from "./event-bus.ts";
import type { Functions } from "./functions.ts";
import type { Queues } from "./queues.ts";
import { readBody } from "../gateway/request-body.ts";
import type { Rules } from "./rules.ts";
import type { Workflow } from "./workflow.ts";

/** DynamoDB's largest request (BatchWriteItem, AWS: API reference); the others take less. */
const BODY_LIMIT_BYTES = 16 * 1024 * 1024;

export interface AwsServices {
  dynamoDb: Pick<DynamoDb, "handle">;
  workflow: Workflow;
  bus: EventBus;
  rules: Pick<Rules, "operations">;
  apiDestinations: Pick<ApiDestinations, "operations">;
  queues: Pick<Queues, "operations">;
  functions: Functions;
  deliveries: Pick<Deliveries, "accept">;
  /** The queue of what this function could not take. */
  deadLettersOf: (functionName: string) => string;
}

interface Answer {
  statusCode: number;
  headers?: Record<string, string>;
  body?: string;
}

export function createAwsEndpoint(services: AwsServices): (request: IncomingMessage, response: ServerResponse) => void {
  const { workflow, bus, rules, apiDestinations, queues } = services;
  /** By `x-amz-target`: the AWS JSON protocols put the operation there. */
  const operations = new Map<string, (input: unknown, origin: string) => unknown>([
    ["AWSStepFunctions.StartExecution", (input) => workflow.startExecution(input)],
    ["AWSStepFunctions.DescribeExecution", (input) => workflow.describeExecution(input)],
    ["AWSStepFunctions.ListExecutions", (input) => workflow.listExecutions(input)],
    ["AWSStepFunctions.StopExecution", (input) => workflow.stopExecution(input)],
    ["AWSStepFunctions.GetExecutionHistory", (input) => workflow.getExecutionHistory(input)],
    ["AWSStepFunctions.ListStateMachines", (input) => workflow.listStateMachines(input)],
    ["AWSStepFunctions.DescribeStateMachine", (input) => workflow.describeStateMachine(input)],
    ["AWSEvents.PutEvents", (input) => bus.putEvents(input)],
    ...named("AWSEvents", rules.operations),
    ...named("AWSEvents", apiDestinations.operations),
    ...named("AmazonSQS", queues.operations),
  ]);

  async function answer(request: IncomingMessage): Promise<Answer> {
    // Only a browser sends an Origin, and no page may call this port, because it has no sign-in.
    if (request.headers.origin !== undefined) {
      return jsonError(new AwsError("AccessDeniedException", "This endpoint does not answer web pages.", 403));
    }
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (!body) return jsonError(new AwsError("RequestEntityTooLargeException", "The request is too large.", 413));

    const target = request.headersDistinct["x-amz-target"]?.[0] ?? "";
    if (target.startsWith("DynamoDB_20120810.")) {
      return services.dynamoDb.handle({ headers: singleHeaders(request), body });
    }
    const operation = operations.get(target);
    if (operation) {
      return { statusCode: 200, body: JSON.stringify(await operation(parse(body), `http://${request.headers.host}`)) };
    }
    if (request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
      return answerQuery(new URLSearchParams(body.toString()));
    }
    const [, name] = /^\/2015-03-31\/functions\/([^/?]+)\/invocations(?:\?|$)/.exec(request.url ?? "") ?? [];
    if (request.method === "POST" && name) {
      const type = request.headersDistinct["x-amz-invocation-type"]?.[0] ?? "RequestResponse";
      return invoke(services, decodeURIComponent(name), type, body);
    }
    throw new AwsError("UnknownOperationException", `This endpoint does not know ${target || request.url}.`, 404);
  }

  return (request, response) => {
    response.on("error", () => {});
    answer(request)
      .catch((error: unknown) => {
        const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
        return jsonError(known, String(request.headers["x-amz-target"]).startsWith("AmazonSQS."));
      })
      .then(({ statusCode, headers, body }) => {
        const all = { "x-amzn-requestid": randomUUID(), "content-type": "application/x-amz-json-1.0", ...headers };
        response.statusCode = statusCode;
        response.setHeaders(new Map(Object.entries(all)));
        response.end(body);
      })
      // The client is gone: there is no connection to answer on.
      .catch(() => response.destroy());
  };
}

function named<T>(service: string, operations: Record<string, T>): [string, T][] {
  return Object.entries(operations).map(([name, operation]) => [`${service}.${name}`, operation]);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
async function invoke(
  { functions, deliveries, deadLettersOf }: AwsServices,
  nameOrArn: string,
  type: string,
  body: Buffer,
): Promise<Answer> {
  const name = functions.find(nameOrArn);
  if (name === undefined) {
    const arn = nameOrArn.startsWith("arn:") ? nameOrArn : functionArn(nameOrArn);
    throw new AwsError("ResourceNotFoundException", `Function not found: ${arn}`, 404);
  }
  const event = body.length === 0 ? {} : parse(body, "InvalidRequestContentException");
  switch (type) {
    case "DryRun":
      return { statusCode: 204 };
    case "Event":
      await deliveries.accept({ arn: functionArn(name), deadLetterArn: queueArn(deadLettersOf(name)) }, event);
      return { statusCode: 202 };
    case "RequestResponse": {
      const outcome = await functions.invoke(name, event);
      const headers = { "content-type": "application/json", "x-amz-executed-version": "$LATEST" };
      if (outcome.ok) return { statusCode: 200, headers, body: outcome.payload };
      return {
        statusCode: 200,
        headers: { ...headers, "x-amz-function-error": "Unhandled" },
        body: JSON.stringify(outcome.error),
      };
    }
    default:
      throw new AwsError("InvalidParameterValueException", `Unknown invocation type: ${type}`);
  }
}

/** Where SQS's older name for an error is another: its clients are told both (AWS: SQS API reference, the errors of its operations). */
const QUERY_CODES: Record<string, string> = {
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  QueueDeletedRecently: "AWS.SimpleQueueService.QueueDeletedRecently",
  PurgeQueueInProgress: "AWS.SimpleQueueService.PurgeQueueInProgress",
  EmptyBatchRequest: "AWS.SimpleQueueService.EmptyBatchRequest",
  TooManyEntriesInBatchRequest: "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
  InvalidBatchEntryId: "AWS.SimpleQueueService.InvalidBatchEntryId",
  BatchEntryIdsNotDistinct: "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
  BatchRequestTooLong: "AWS.SimpleQueueService.BatchRequestTooLong",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
};

/** Both protocols' ways of naming an error: `__type` in the body, and a header for Lambda's. */
function jsonError({ code, message, statusCode }: AwsError, isOfSqs = false): Answer {
  const older = isOfSqs && { "x-amzn-query-error": `${QUERY_CODES[code] ?? code};Sender` };
  return {
    statusCode,
    headers: { "x-amzn-errortype": code, ...older },
    body: JSON.stringify({ __type: code, message, Message: message }),
  };
}

function parse(body: Buffer, code = "SerializationException"): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new AwsError(code, "The request body is not JSON.");
  }
}

function singleHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = (values ?? []).join(",");
  return headers;
}
