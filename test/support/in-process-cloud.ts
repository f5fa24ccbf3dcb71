// The whole machine in one process without a socket: the real handlers and SDK clients over dynalite, the interpreter and a bus that remembers.
import { readFile, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { pathToFileURL } from "node:url";
import { vi } from "vitest";
import { FetchError } from "../../shared/media/errors.ts";
import type { CheckedFetch } from "../../shared/media/ports.ts";
import { ROUTES } from "../../stacks/blueprint/routes.ts";
import { RULES, SCHEDULES } from "../../stacks/blueprint/rules.ts";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { WORKFLOW_FUNCTIONS } from "../../stacks/blueprint/workflow.asl.ts";
import { functionName } from "../../stacks/blueprint/functions.ts";
import { executionArn, STATE_MACHINE_ARN } from "../../stacks/local/aws/arns.ts";
import { AwsError } from "../../stacks/local/aws/aws-error.ts";
import { openDynamoDb } from "../../stacks/local/aws/dynamodb.ts";
import { createFunctions, handlersFromDisk } from "../../stacks/local/aws/functions.ts";
import { createWorkflow } from "../../stacks/local/aws/workflow.ts";
import { expectPublished } from "./event-schemas.ts";
import { FakeFal } from "./fake-fal.ts";
import { photo } from "./media-world.ts";

export type InProcessCloud = Awaited<ReturnType<typeof inProcessCloud>>;

interface AwsRequest {
  headers: Record<string, string>;
  body?: string | Uint8Array;
}

/** What a test file puts in the place of `services/aws-client.ts` and `services/checked-fetch.ts`; filled by `inProcessCloud`. */
export interface CloudLink {
  aws?: (request: AwsRequest) => Promise<unknown>;
  fetch?: CheckedFetch;
  /** For tests that let a function wait in virtual time: what they put in the place of the clock's sleep. */
  sleep?: (ms: number) => Promise<void>;
}

const TURNS_BETWEEN_STEPS = 20;

export const PHOTO_URL = "https://pictures.example/beach.jpg";

/**
 * One per test file: the functions read their settings once.
 * @param workflowIs "paused": executions start and their first step never ends
 */
export async function inProcessCloud(
  link: CloudLink,
  workflowIs: "running" | "paused",
  settings: Record<string, string> = {},
) {
  const root = path.join(import.meta.dirname, "../..");
  const files = await mkdtemp(path.join(tmpdir(), "in-process-cloud-"));
  const environment = {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    SST_RESOURCE_App: '{"name":"media","stage":"test"}',
    SST_RESOURCE_Media: JSON.stringify({ name: MEDIA_TABLE.name }),
    SST_RESOURCE_Bus: '{"name":"media"}',
    SST_RESOURCE_Generation: JSON.stringify({ arn: STATE_MACHINE_ARN }),
    SST_RESOURCE_LinkSecret: '{"value":"link-secret"}',
    SST_RESOURCE_WebhookSecret: '{"value":"webhook-secret"}',
    SST_RESOURCE_CursorSecret: '{"value":"cursor-secret"}',
    SST_RESOURCE_SealSecret: '{"value":"seal-secret"}',
    MEDIA_STORE: pathToFileURL(files).href,
    MEDIA_ORIGIN: "http://127.0.0.1:3000",
    NODE_ENV: "test",
    FAL_KEY: "fal-key",
    AUTH: "off",
    ...settings,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);

  const fal = new FakeFal();
  vi.stubGlobal("fetch", fal.fetch);
  /** The web as the functions see it: link -> file or fault. */
  const web = new Map<string, Buffer | Error>([
    [PHOTO_URL, await photo(1600, 1067)],
    [fal.frameUrl, await readFile(path.join(root, "stacks/local/samples/placeholder-16x9.jpg"))],
    [fal.videoUrl, await readFile(path.join(root, "stacks/local/samples/placeholder-16x9-5s.mp4"))],
  ]);
  link.fetch = async (url) => {
    const found = web.get(url) ?? new FetchError("not_found", `no ${url}`);
    if (found instanceof Error) throw found;
    return { body: Readable.from([found]), contentType: "application/octet-stream", contentLength: found.length };
  };

  const handlers = [
    ...ROUTES.map(({ handler }) => handler),
    ...Object.values(WORKFLOW_FUNCTIONS),
    ...[...RULES, ...SCHEDULES].map(({ handler }) => handler),
  ];
  const functions = createFunctions(
    handlers.map((handlerPath) => ({ handlerPath, timeoutSeconds: 900 })),
    handlersFromDisk(root),
  );

  /** Names of the workflow's steps in the order of their calls, and how many are running just now. */
  const steps: string[] = [];
  let working = 0;
  const dynamoDb = await openDynamoDb();
  const workflow = createWorkflow({
    invoke: async (name, event) => {
      steps.push(name);
      if (workflowIs === "paused") return new Promise(() => {});
      working++;
      try {
        return await functions.invoke(name, event);
      } finally {
        working--;
      }
    },
  });
  link.sleep = async (ms) => {
    working--;
    await new Promise((resolve) => setTimeout(resolve, ms));
    working++;
  };
  const published: { type: string; detail: Record<string, unknown> }[] = [];

  const operations: Record<string, (input: Record<string, unknown>) => unknown> = {
    "AWSStepFunctions.StartExecution": (input) => workflow.startExecution(input),
    "AWSStepFunctions.DescribeExecution": (input) => workflow.describeExecution(input),
    "AWSEvents.PutEvents": ({ Entries }) => {
      const entries = Entries as { DetailType: string; Detail: string }[];
      for (const { DetailType, Detail } of entries) expectPublished(DetailType, JSON.parse(Detail));
      published.push(
        ...entries.map(({ DetailType, Detail }) => ({
          type: DetailType,
          detail: JSON.parse(Detail) as Record<string, unknown>,
        })),
      );
      return { FailedEntryCount: 0, Entries: entries.map(({ Detail }) => ({ EventId: Detail.length.toString() })) };
    },
  };
  link.aws = async ({ headers, body = "" }) => {
    const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.concat([body]);
    const operation = operations[headers["x-amz-target"] ?? ""];
    if (!operation) {
      const answer = await dynamoDb.handle({ headers, body: bytes });
      return { response: { ...answer, body: Readable.from([Buffer.from(answer.body)]) } };
    }
    const { statusCode, answer } = answerOf(() => operation(JSON.parse(bytes.toString()) as Record<string, unknown>));
    return { response: { statusCode, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(answer))]) } };
  };

  /** A call through HTTP API's event, as AWS documents it (payload format 2.0). */
  async function call(route: string, request: CallOptions = {}) {
    const [method = "", template = ""] = route.split(" ");
    const handler = ROUTES.find((entry) => entry.route === route)?.handler ?? "";
    const rawPath = template.replace(/\{(\w+)\}/g, (_, name: string) => request.path?.[name] ?? "");
    const json = request.body === undefined ? undefined : JSON.stringify(request.body);
    const text = request.bytes?.toString("base64") ?? request.rawBody ?? json;
    const outcome = await functions.invoke(functionName(handler), {
      version: "2.0",
      routeKey: route,
      rawPath,
      rawQueryString: new URLSearchParams(request.query).toString(),
      headers: {
        host: "api.example",
        ...(text !== undefined && { "content-type": "application/json" }),
        ...request.headers,
      },
      queryStringParameters: request.query,
      pathParameters: request.path,
      requestContext: {
        requestId: "trace-1",
        routeKey: route,
        http: { method, path: rawPath },
        ...(request.claims && { authorizer: { jwt: { claims: request.claims } } }),
      },
      body: text,
      isBase64Encoded: request.bytes !== undefined,
    });
    if (!outcome.ok) throw new Error(`${handler}: ${outcome.error.errorMessage}`);
    const answer = JSON.parse(outcome.payload) as {
      statusCode: number;
      headers: Record<string, string>;
      body?: string;
      isBase64Encoded?: boolean;
    };
    return { ...answer, json: answer.body && !answer.isBase64Encoded ? (JSON.parse(answer.body) as Json) : {} };
  }

  /** Lets time pass while an execution runs, and only while none of its steps is at work. */
  async function untilEnded(name: string, passTime: () => Promise<unknown>): Promise<void> {
    const isRunning = () => workflow.describeExecution({ executionArn: executionArn(name) })["status"] === "RUNNING";
    // Between two steps, and after the last, the interpreter takes a few turns of its own.
    for (let calm = 0; isRunning(); calm = working === 0 ? calm + 1 : 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (calm < TURNS_BETWEEN_STEPS) continue;
      await passTime();
      calm = 0;
    }
    await functions.idle();
  }

  async function invoke(name: string, event: unknown): Promise<void> {
    const outcome = await functions.invoke(name, event);
    if (!outcome.ok) throw new Error(outcome.error.errorMessage);
  }

  return { call, invoke, untilEnded, executionArn, fal, web, functions, workflow, steps, published, dynamoDb };
}

function answerOf(operation: () => unknown): { statusCode: number; answer: unknown } {
  try {
    return { statusCode: 200, answer: operation() };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return { statusCode: error.statusCode, answer: { __type: error.code, message: error.message } };
  }
}

export interface CallOptions {
  body?: unknown;
  rawBody?: string;
  /** A body that goes as base64, as whatever is no text does. */
  bytes?: Buffer;
  path?: Record<string, string>;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  claims?: Record<string, string>;
}

/** An answer's JSON, looked into by tests. */
export interface Json {
  error?: string;
  code?: string;
  details?: { path: string; message: string }[];
  traceId?: string;
  data?: {
    success?: boolean;
    status?: string;
    phase?: string;
    queue_position?: number;
    message?: string;
    nextCursor?: string;
    items?: MediaSpaceJson[];
    mediaSpace?: MediaSpaceJson;
  };
}
interface MediaSpaceJson {
  id: string;
  spaceId: string;
  baseMediaId?: string;
  uploadedBy: string;
  media: Record<string, unknown> & { phase?: string; version: number; generationMode?: string; requestId?: string };
}
