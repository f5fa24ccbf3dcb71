// The whole system on one machine: the same functions, wired to local stand-ins, on loopback only.
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import send from "send";
import { removeUnfinished } from "../../shared/adapters/local-media-files.ts";
import { FUNCTIONS } from "../blueprint/functions.ts";
import { AUTHORIZER, CORS, HEAD_ROUTES, ROUTES } from "../blueprint/routes.ts";
import { BILLS_SCHEDULE, RULES, SCHEDULES } from "../blueprint/rules.ts";
import { WORKFLOW_FUNCTIONS } from "../blueprint/workflow.asl.ts";
import { MEDIA_TABLE } from "../blueprint/tables.ts";
import { BUS_NAME, REGION, STATE_MACHINE_ARN } from "./aws/arns.ts";
import { createAwsEndpoint } from "./aws/aws-endpoint.ts";
import { openApiDestinations } from "./aws/api-destinations.ts";
import { createDeliveries } from "./aws/deliveries.ts";
import { openDynamoDb } from "./aws/dynamodb.ts";
import { createEventBus, eventEnvelope } from "./aws/event-bus.ts";
import { serveFile } from "./gateway/file-server.ts";
import { createFunctions, handlersFromDisk, type FunctionError, type HandlerSource } from "./aws/functions.ts";
import type { Functions, LocalFunction } from "./aws/functions.ts";
import { createHttpGateway, sendJson } from "./gateway/http-gateway.ts";
import { createJwtAuthorizer, type Authorize, type JwtSettings } from "./gateway/jwt-authorizer.ts";
import { createLambdaAuthorizer } from "./gateway/lambda-authorizer.ts";
import { openQueues } from "./aws/queues.ts";
import { deadLettersOf, deadLettersOfFunction, openRules, OTHER_DEAD_LETTERS } from "./aws/rules.ts";
import { startScheduler } from "./aws/scheduler.ts";
import { sampleFile } from "./samples/sample-files.ts";
import { keepSecrets, type Secrets } from "./secrets.ts";
import { StartError } from "./start-error.ts";
import { createWorkflow } from "./aws/workflow.ts";

const HOST = "127.0.0.1";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** At a stop, running work gets this long to end by itself: requests first, then what runs behind them. */
const GRACE_MS = 500;
/** The first sweep of a start looks at everything that is open: longer than the cloud's, which have a minute. */
const SWEEP_TIMEOUT_SECONDS = 300;
/** How many starts and submits run at once: a burst of 200 is worked off in 10 to 20 s on two cores. */
const STARTS: readonly string[] = [
  "functions/api/enhance-media.handler",
  "functions/api/create-video.handler",
  "functions/events/start-from-event.handler",
  WORKFLOW_FUNCTIONS.SubmitGeneration,
];
const STARTS_AT_ONCE = 8;
/** The time limit of a user's own functions, which have no configured one: short enough not to block the next for ever. */
const GUEST_TIMEOUT_SECONDS = 300;

export interface LocalMachineOptions {
  /** 0: any free port. */
  port: number;
  awsPort: number;
  dataDirectory: string;
  /** Keeps the table in memory, for tests that need nothing to outlive them. */
  tableInMemory?: boolean;
  /** The repository's own functions unless a test brings others. */
  handlers?: HandlerSource;
  /** A user's own functions as targets of rules: `/path/to/announce-video.handler`. */
  guests?: readonly string[];
  corsOrigins?: readonly string[];
  /** Who signs the callers' tokens. Without it, and without keys, every process that reaches the loopback interface may call. */
  jwt?: JwtSettings | undefined;
  /** Whether callers may come with keys of ours. */
  keys?: boolean;
  /** Told of every error a function throws. */
  report?: (functionName: string, error: FunctionError) => void;
}

export interface LocalMachine {
  url: string;
  awsUrl: string;
  close(): Promise<void>;
}

/**
 * Starts everything. The functions find their resources in `process.env`, so a process holds one machine at a time.
 * @throws StartError when the person at the terminal has to change something
 */
export async function startLocalMachine(options: LocalMachineOptions): Promise<LocalMachine> {
  const dataDirectory = resolve(options.dataDirectory);
  await prepareDirectory(dataDirectory);

  await using parts = new AsyncDisposableStack();
  const dynamoDb = await openDynamoDb(options.tableInMemory ? undefined : join(dataDirectory, "dynamodb"));
  parts.defer(() => dynamoDb.close());
  const secrets = await keepSecrets(dataDirectory);

  const functions = createFunctions(
    allFunctions(options.guests ?? []),
    options.handlers ?? handlersFromDisk(ROOT),
    options.report,
  );
  const queues = await openQueues(join(dataDirectory, "queues"));
  for (const name of [...RULES.map((rule) => deadLettersOf(rule.name)), OTHER_DEAD_LETTERS]) await queues.create(name);
  const apiDestinations = await openApiDestinations(dataDirectory);
  const deliveries = createDeliveries({ functions, queues, apiDestinations }, dataDirectory);
  const mayBeTarget = (arn: string) =>
    (arn.startsWith("arn:") && functions.find(arn) !== undefined) || queues.has(arn) || apiDestinations.has(arn);
  const rules = await openRules(RULES, mayBeTarget, dataDirectory);
  const bus = createEventBus(rules, deliveries);
  const workflow = createWorkflow(functions, (execution) => {
    const source = { source: "aws.states", detailType: "Step Functions Execution Status Change" };
    const event = { ...source, detail: execution, resources: [execution.executionArn], at: execution.stopDate };
    // EventBridge's own delivery of these is "best effort": the sweeper is what keeps the promise.
    bus.announce(eventEnvelope(event)).catch((error: unknown) => console.error("An end was not announced:", error));
  });

  // The functions read their environment once: a request that comes before it is set waits.
  const opened = Promise.withResolvers<void>();
  const serverOf = (serve: RequestListener) =>
    createServer((request, response) => void opened.promise.then(() => serve(request, response)));

  const awsServer = serverOf(
    createAwsEndpoint({
      dynamoDb,
      workflow,
      bus,
      rules,
      apiDestinations,
      queues,
      functions,
      deliveries,
      deadLettersOf: (name) => deadLettersOfFunction(RULES, name),
    }),
  );
  const awsUrl = await listen(awsServer, options.awsPort, "AWS_PORT");
  parts.defer(() => closeServer(awsServer));
  parts.defer(() => atMost(GRACE_MS, functions.idle()));
  parts.defer(() => deliveries.close());
  parts.defer(() => workflow.close());

  const mediaStore = process.env["MEDIA_STORE"] || pathToFileURL(join(dataDirectory, "media")).href;
  const filesDirectory = mediaStore.startsWith("file:") ? fileURLToPath(mediaStore) : undefined;
  if (filesDirectory !== undefined) await removeUnfinished(filesDirectory);
  const gateway = createHttpGateway({
    routes: [...ROUTES, ...HEAD_ROUTES],
    functions,
    authorize: authorizerOf(options, functions),
    cors: options.corsOrigins?.length ? { origins: options.corsOrigins, ...CORS } : undefined,
  });
  const httpServer = serverOf((request, response) => {
    if (request.url?.startsWith("/samples/")) {
      serveSample(request, response).catch(() => response.destroy());
    } else if (request.url?.startsWith("/files/") && filesDirectory !== undefined) {
      serveFile(request, response, { directory: filesDirectory, linkSecret: secrets.linkSecret, now: Date.now });
    } else gateway(request, response);
  });
  const url = await listen(httpServer, options.port, "PORT");
  parts.defer(() => closeServer(httpServer));

  parts.defer(setEnvironment(functionEnvironment({ url, awsUrl, mediaStore, secrets })));
  opened.resolve();

  await deliveries.resume();
  const scheduler = startScheduler(
    [...SCHEDULES, ...(process.env["FAL_ADMIN_KEY"] ? [BILLS_SCHEDULE] : [])],
    functions,
  );
  parts.defer(() => scheduler.stop());

  const running = parts.move();
  return { url, awsUrl, close: () => running.disposeAsync() };
}

/** As stacks/api.ts chooses it: the gateway's own for tokens alone, our function as soon as there are keys. */
function authorizerOf({ jwt, keys }: LocalMachineOptions, functions: Functions): Authorize | undefined {
  if (keys) return createLambdaAuthorizer(functions, AUTHORIZER);
  return jwt && createJwtAuthorizer(jwt);
}

/** Every function of the blueprint with the time limit that it has in the cloud, and the user's own. */
function allFunctions(guests: readonly string[]): LocalFunction[] {
  const sweeps: readonly string[] = SCHEDULES.map(({ handler }) => handler);
  return [
    ...Object.entries(FUNCTIONS).map(([handlerPath, { timeoutSeconds }]) => ({
      handlerPath,
      timeoutSeconds: sweeps.includes(handlerPath) ? SWEEP_TIMEOUT_SECONDS : timeoutSeconds,
      atOnce: STARTS.includes(handlerPath) ? STARTS_AT_ONCE : undefined,
    })),
    ...guests.map((handlerPath) => ({ handlerPath, timeoutSeconds: GUEST_TIMEOUT_SECONDS })),
  ];
}

/** What the cloud's functions find in their environment; undefined takes a variable away. */
function functionEnvironment(machine: { url: string; awsUrl: string; mediaStore: string; secrets: Secrets }) {
  const { url, awsUrl, mediaStore, secrets } = machine;
  const { AUTH, MEDIA_ORIGIN } = process.env;
  return {
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL: awsUrl,
    LAMBDA_TASK_ROOT: ROOT,
    // Each of these would lead a client past the local endpoint, or past the local credentials.
    AWS_PROFILE: undefined,
    AWS_SESSION_TOKEN: undefined,
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: undefined,
    SST_RESOURCE_App: JSON.stringify({ name: "media", stage: "local" }),
    SST_RESOURCE_Media: JSON.stringify({ name: MEDIA_TABLE.name }),
    SST_RESOURCE_Bus: JSON.stringify({ name: BUS_NAME }),
    SST_RESOURCE_Generation: JSON.stringify({ arn: STATE_MACHINE_ARN }),
    SST_RESOURCE_LinkSecret: JSON.stringify({ value: secrets.linkSecret }),
    SST_RESOURCE_WebhookSecret: JSON.stringify({ value: secrets.webhookSecret }),
    SST_RESOURCE_CursorSecret: JSON.stringify({ value: secrets.cursorSecret }),
    SST_RESOURCE_SealSecret: JSON.stringify({ value: secrets.sealSecret }),
    AUTH: AUTH || "off",
    MEDIA_STORE: mediaStore,
    MEDIA_ORIGIN: MEDIA_ORIGIN || url,
  };
}

/** @returns puts everything back as it was */
function setEnvironment(variables: Record<string, string | undefined>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  return () => before.forEach(([name, value]) => set(name, value));
}

async function serveSample(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = (request.url ?? "").replace(/^\/samples\//, "").replace(/[?#].*$/s, "");
  const refuse = () =>
    sendJson(response, 404, { error: "There is no such sample.", code: "file_not_found", traceId: randomUUID() });
  const isReading = request.method === "GET" || request.method === "HEAD";
  const sample = isReading ? await sampleFile(name) : undefined;
  if (!sample) return refuse();
  send(request, sample.name, { root: sample.folder, index: false }).on("error", refuse).pipe(response);
}

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await makeDirectory(directory);
    await access(directory, constants.W_OK);
  } catch (error) {
    throw new StartError(
      `The data directory ${directory} cannot be written (${codeOf(error)}): set DATA_DIR to another.`,
    );
  }
}

/** Step by step: `recursive` never ends where the system itself refuses a directory (/proc). */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory);
  } catch (error) {
    if (codeOf(error) === "EEXIST" && (await stat(directory)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || dirname(directory) === directory) throw error;
    await makeDirectory(dirname(directory));
    await mkdir(directory);
  }
}

function listen(server: Server, port: number, setting: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const reason = codeOf(error) === "EADDRINUSE" ? "is already in use" : `cannot be opened (${codeOf(error)})`;
      reject(new StartError(`Port ${port} ${reason}: stop what uses it, or set ${setting} to another port.`));
    });
    server.listen(port, HOST, () => {
      const address = server.address();
      if (isAddress(address)) resolve(`http://${HOST}:${address.port}`);
    });
  });
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === "object" && address !== null;
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await atMost(GRACE_MS, closed);
  server.closeAllConnections();
  await closed;
}

async function atMost(milliseconds: number, wait: Promise<void>): Promise<void> {
  const enough = Promise.withResolvers<void>();
  const timer = setTimeout(enough.resolve, milliseconds);
  await Promise.race([wait, enough.promise]);
  clearTimeout(timer);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
