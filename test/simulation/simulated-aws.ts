// AWS without a socket: the real dynalite, the real interpreter of the definition, and a bus and a bucket that remember.
import { createHash } from "node:crypto";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { executionArn } from "../../stacks/local/aws/arns.ts";
import { AwsError } from "../../stacks/local/aws/aws-error.ts";
import type { DynamoDb } from "../../stacks/local/aws/dynamodb.ts";
import type { Workflow } from "../../stacks/local/aws/workflow.ts";
import { operationOf } from "../support/s3-stand-in.ts";
import { acting, Actor, type Operation } from "./gate.ts";
import { isRecord } from "./invariants.ts";
import { isAccount, isEverybodys } from "./money.ts";
import type { World } from "./world.ts";

/** What the SDK hands to its request handler. */
export interface HttpCall {
  method: string;
  path: string;
  query?: Record<string, string>;
  headers: Record<string, string>;
  body?: string | Uint8Array;
}
export interface HttpAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: Uint8Array;
}
export type Item = Record<string, unknown>;
/** What the table holds, as far as the world looks at it: a record, an account, or a key with `pk` and `sk` alone of these. */
export interface StoredItem {
  pk: string;
  sk: string;
  id: string;
  tenantId: string;
  name?: string;
  phase: string;
  version: number;
  attempt: number;
  requestId?: string;
  video?: { key: string; size: number; sha256: string };
  error?: { code: string };
  outbox: Record<string, { at: string }>;
  deadlineAt: string;
  sweepAt?: string;
  sweepShard?: string;
  leaseOwner?: string;
  leaseUntil?: string;
  analysisStatus?: string;
  cancelSentAt?: string;
  estimatedCostUsd?: number;
  billedNanoUsd?: number;
  expiresAt?: number;
  reservation?: string;
  reservedWith?: { everybody?: true; shard?: number; tenantId?: string; day?: true; userId?: string }[];
  hold?: { code: string; since: string };
  heldUntil?: string;
  waitsSince?: string;
  /** Of fal's places. */
  by?: Record<string, { tenantId: string }>;
  /** Of accounts. */
  period?: string;
  monthCommitted?: number;
  open?: Record<string, { mediaId: string; tenantId: string; mills: number; at: number }>;
  stopped?: boolean;
  /** Of the deployment's account: what is known of the account at fal. */
  providerAccount?: {
    version: number;
    hold?: { since: string; probeAt: string };
    outbox: { id: string; at: string }[];
  };
  /** Of whatever an event on the bus has asked for. */
  request?: { id?: string };
  /** Of webhooks. */
  url?: string;
  enabled?: boolean;
  events?: string[];
  /** Of their deliveries. */
  webhookId?: string;
  messageId?: string;
  status?: string;
  attempts?: { statusCode?: number }[];
  leases?: Record<string, { period: string; borrowed: number; returned: number }>;
  /** Of its shards. */
  room?: number;
  borrowed?: number;
  returned?: number;
  warned?: string;
  warnings?: Record<string, { committedMills: number; at: string }>;
}

/** What the machine has that no crash takes away. */
export class SimulatedAws {
  /** The table, as the writes have left it: `pk sk` -> item. */
  readonly items = new Map<string, StoredItem>();
  /** Those of them that are records. */
  records: StoredItem[] = [];
  /** And those that are accounts. */
  accounts: StoredItem[] = [];
  /** And fal's places, where they are counted. */
  places: StoredItem[] = [];
  readonly objects = new Map<string, { bytes: Buffer; sha256: string }>();
  readonly published: { id: string; type: string; detail: Item }[] = [];
  readonly executions = new Map<string, Execution>();
  readonly #world: World;
  readonly #process: ProcessWide;
  readonly #uploads = new Map<string, Buffer[]>();
  #lives = 0;

  constructor(world: World, process: ProcessWide) {
    this.#world = world;
    this.#process = process;
  }

  /** One call of the SDK, through the gate. */
  async call(call: HttpCall, timeoutMs: number): Promise<HttpAnswer> {
    const error = () => Object.assign(new Error(`no answer within ${timeoutMs} ms`), { name: "TimeoutError" });
    return this.#world.gate.pass({ ...this.#operation(call), timeout: { ms: timeoutMs, error } });
  }

  #operation(call: HttpCall): Operation<HttpAnswer> {
    const by = acting.getStore();
    const target = call.headers["x-amz-target"] ?? "";
    const [service, operation = ""] = target.split(".");
    const input = () => JSON.parse(bytesOf(call.body).toString()) as Item;
    switch (service) {
      case "DynamoDB_20120810": {
        const asked = input();
        const name = `dynamodb.${operation}${purposeOf(operation, asked)}`;
        return {
          name,
          perform: () => this.#table(call, operation, asked, by),
          about: () => keyOf(asked),
        };
      }
      case "AWSStepFunctions":
        return {
          name: `states.${operation}`,
          perform: (twist) => jsonAnswer(() => this.#states(operation, input(), by, twist)),
        };
      case "AWSEvents":
        return { name: `events.${operation}`, perform: (twist) => jsonAnswer(() => this.#putEvents(input(), twist)) };
      default: {
        const name = operationOf(call.method, new URLSearchParams(call.query));
        const key = call.path.replace(/^\//, "");
        return {
          name: `s3.${name} ${key.split("/")[0]}`,
          perform: () => this.#bucket(name, key, call),
          about: () => key,
        };
      }
    }
  }

  async #table(call: HttpCall, operation: string, asked: Item, by: Actor | undefined): Promise<HttpAnswer> {
    if (operation === "Query" && this.#isEmptyShard(asked)) return EMPTY_PAGE;
    // The writer need not see what it has written; the world does.
    const seen = operation === "UpdateItem" && JSON.stringify({ ...asked, ReturnValues: "ALL_NEW" });
    const { statusCode, headers, body } = await this.#process.dynamoDb.handle({
      headers: call.headers,
      body: bytesOf(seen || call.body),
    });
    if (statusCode === 200 && operation === "DeleteItem") {
      const { pk, sk } = unmarshall(asked["Key"] as Parameters<typeof unmarshall>[0]) as StoredItem;
      this.items.delete(`${pk} ${sk}`);
    }
    if (statusCode === 200 && (operation === "PutItem" || operation === "UpdateItem")) {
      const written = operation === "PutItem" ? asked["Item"] : (JSON.parse(body) as Item)["Attributes"];
      const after = unmarshall(written as Parameters<typeof unmarshall>[0]) as StoredItem;
      const key = `${after.pk} ${after.sk}`;
      const before = this.items.get(key);
      this.items.set(key, after);
      this.records = [...this.items.values()].filter(isRecord);
      this.accounts = [...this.items.values()].filter(isAccount);
      this.places = [...this.items.values()].filter(isPlaces);
      if (by) this.#world.observe({ kind: "write", before, after, by });
    }
    return { statusCode, headers, body: new Uint8Array(Buffer.from(body)) };
  }

  /** A shard of the sweeper's index in which there is nothing, as most are: not worth a look. */
  #isEmptyShard(asked: Item): boolean {
    const { ":shard": shard } = asked["ExpressionAttributeValues"] as Record<string, { S: string } | undefined>;
    return shard !== undefined && ![...this.items.values()].some(({ sweepShard }) => sweepShard === shard.S);
  }

  /** DynamoDB deletes an item by its TTL, whenever it likes. */
  async expire(key: { pk: string; sk: string }): Promise<void> {
    this.items.delete(`${key.pk} ${key.sk}`);
    await this.#process.remove(key);
  }

  #states(operation: string, asked: Item, by: Actor | undefined, twist: string | undefined): unknown {
    const name = String(asked["name"] ?? asked["executionArn"]).replace(/^.*:/, "");
    const input = String(asked["input"]);
    // What a version of before knew nothing of.
    if (operation === "StartExecution") {
      if (by) this.#world.observe({ kind: "execution", name, by });
      return this.#start(name, twist === "without lap" ? input.replace(/"lap":\w+,/, "") : input);
    }
    const known = this.executions.get(name);
    if (!known || known.forgotten) throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${name}'`);
    return { ...this.#process.workflow.describeExecution({ executionArn: known.arn }), ...known.ended };
  }

  /** Runs behave like machines that never meet: each has its own names. */
  #start(name: string, input: string) {
    this.#world.observe({ kind: "text", where: "execution input", text: input });
    const actor = new Actor("states", undefined, name);
    const inRun = this.inRun(name);
    const stateMachineArn = executionArn("").replace(":execution:", ":stateMachine:").replace(/:$/, "");
    const started = acting.run(actor, () =>
      this.#process.workflow.startExecution({ stateMachineArn, name: inRun, input }),
    );
    if (!this.executions.has(name)) this.executions.set(name, { arn: executionArn(inRun), input, steps: 0 });
    return started;
  }

  /** The name of an execution in the state machine that all runs share. */
  inRun(name: string): string {
    return `${this.#world.number}-${this.#lives}_${name}`;
  }

  countStep(name: string): void {
    const execution = this.executions.get(name);
    if (execution) execution.steps++;
  }

  /** Leaves nothing of this run in what the process shares. */
  async clear(): Promise<void> {
    this.stopAll();
    for (const item of this.items.values()) await this.#process.remove(item);
  }

  /** A machine without power: its executions are gone, and their names are free. */
  loseExecutions(): void {
    // First the names, so that no function hears of the end of an execution that had another.
    this.#lives++;
    this.stopAll();
    this.executions.clear();
  }

  stopAll(): void {
    for (const name of this.executions.keys()) this.stop(name, "ABORTED");
  }

  get anyRuns(): boolean {
    return [...this.executions.keys()].some((name) => this.isRunning(name));
  }

  isRunning(name: string): boolean {
    const execution = this.executions.get(name);
    if (!execution || execution.ended) return false;
    return this.#process.workflow.describeExecution({ executionArn: execution.arn })["status"] === "RUNNING";
  }

  /** Step Functions knows it no more. */
  forget(name: string): void {
    this.stop(name, "ABORTED");
    const execution = this.executions.get(name);
    if (execution) execution.forgotten = true;
  }

  /** Ends an execution from outside. Its running step goes on: Step Functions does not stop a Lambda. */
  stop(name: string, status: "ABORTED" | "TIMED_OUT" | "FAILED"): void {
    const execution = this.executions.get(name);
    if (!execution || !this.isRunning(name)) return;
    this.#process.workflow.stopExecution({ executionArn: execution.arn });
    execution.ended = { status };
  }

  #putEvents(asked: Item, twist: string | undefined): unknown {
    const entries = (asked["Entries"] as { Source: string; DetailType: string; Detail: string }[]).map((entry, n) => {
      const taken = twist !== "takes none" && !(twist === "takes the first alone" && n > 0);
      this.#world.observe({ kind: "text", where: "event", text: entry.Detail });
      if (!taken) return { ErrorCode: "InternalFailure", ErrorMessage: "The event could not be taken." };
      const detail = JSON.parse(entry.Detail) as Item;
      this.published.push({ id: String(detail["id"]), type: entry.DetailType, detail });
      this.#world.observe({ kind: "event", type: entry.DetailType, detail });
      this.#world.bus.take(`event-${this.published.length}`, entry.Source, entry.DetailType, detail);
      return { EventId: `event-${this.published.length}` };
    });
    return { FailedEntryCount: entries.filter((entry) => "ErrorCode" in entry).length, Entries: entries };
  }

  #bucket(operation: string, key: string, call: HttpCall): HttpAnswer {
    const object = this.objects.get(key);
    const parts = this.#uploads.get(call.query?.["uploadId"] ?? "");
    switch (operation) {
      case "PutObject":
        return this.#store(key, bytesOf(call.body));
      case "CreateMultipartUpload": {
        const id = `upload-${this.#uploads.size + 1}`;
        this.#uploads.set(id, []);
        return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
      }
      case "UploadPart":
        parts?.splice(Number(call.query?.["partNumber"]) - 1, 1, bytesOf(call.body));
        return parts ? { ...NOTHING, headers: { etag: '"part"' } } : s3Error(404, "NoSuchUpload");
      case "CompleteMultipartUpload":
        if (!parts) return s3Error(404, "NoSuchUpload");
        this.#store(key, Buffer.concat(parts));
        return xml(`<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`);
      case "AbortMultipartUpload":
        this.#uploads.delete(call.query?.["uploadId"] ?? "");
        return NOTHING;
      case "DeleteObject":
        this.objects.delete(key);
        return NOTHING;
      case "ListBucket": {
        const keys = [...this.objects.keys()].filter((it) => it.startsWith(call.query?.["prefix"] ?? ""));
        const contents = keys.map((it) => `<Contents><Key>${it}</Key></Contents>`).join("");
        return xml(`<ListBucketResult><IsTruncated>false</IsTruncated>${contents}</ListBucketResult>`);
      }
      default:
        return object ? inRange(object.bytes, call.headers["range"]) : s3Error(404, "NoSuchKey");
    }
  }

  #store(key: string, bytes: Buffer): HttpAnswer {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    this.objects.set(key, { bytes, sha256 });
    return { ...NOTHING, headers: { etag: `"${sha256}"` } };
  }
}

interface Execution {
  arn: string;
  input: string;
  /** Steps it has called. */
  steps: number;
  /** How the world ended it. */
  ended?: { status: string };
  /** Step Functions knows it no more. */
  forgotten?: boolean;
}

/** What is made once for a process and shared by its runs: both take longer to make than many a run. */
export interface ProcessWide {
  dynamoDb: DynamoDb;
  workflow: Workflow;
  remove(key: { pk: string; sk: string }): Promise<void>;
}

/** Takes an item out of the table. */
export async function removeItem(dynamoDb: DynamoDb, { pk, sk }: { pk: string; sk: string }): Promise<void> {
  await dynamoDb.handle({
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.DeleteItem",
      "x-amz-date": "20260101T000000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
    },
    body: Buffer.from(JSON.stringify({ TableName: MEDIA_TABLE.name, Key: { pk: { S: pk }, sk: { S: sk } } })),
  });
}

/** What a call of DynamoDB is for: the status it leads to, or the kind of item. */
function purposeOf(operation: string, asked: Item): string {
  if (operation === "Scan") return "";
  if (operation === "Query") return asked["IndexName"] === undefined ? "" : " sweep";
  const key = (asked["Key"] ?? asked["Item"]) as Record<"pk" | "sk", { S: string }>;
  if (isPlaces({ sk: key.sk.S })) return " places";
  if (isAccount({ sk: key.sk.S })) return purposeWithAccount(key.pk.S, asked);
  const kind = KINDS.find(([isOf]) => isOf.test(`${key.pk.S} ${key.sk.S}`))?.[1];
  if (kind !== undefined) return ` ${kind}`;
  if (operation === "UpdateItem") {
    const names = (asked["ExpressionAttributeNames"] ?? {}) as Record<string, string>;
    const values = (asked["ExpressionAttributeValues"] ?? {}) as Record<string, { S?: string }>;
    const sets = [...String(asked["UpdateExpression"]).matchAll(/(#n\d+) = (:v\d+)/g)];
    const phase = sets.find(([, name = ""]) => names[name] === "phase")?.[2];
    if (phase !== undefined) return ` →${values[phase]?.S}`;
    const removed = /REMOVE (#n\d+)/.exec(String(asked["UpdateExpression"]))?.[1] ?? "";
    const changed = sets.flatMap(([, name = ""]) => names[name] ?? []).filter((name) => !PLUMBING.includes(name));
    return ` ${changed[0] ?? names[removed] ?? ""}`;
  }
  return key.sk.S.startsWith("KEY#") ? " key" : " media";
}
/** Items that are neither records nor accounts, nor the keys of repeated starts. */
const KINDS: [RegExp, string][] = [
  [/^KEYS#/, "api key"],
  [/ WEBHOOK#/, "webhook"],
  [/ DELIVERY#/, "delivery"],
  [/ TRIES$/, "tries"],
];

/** ` reserve`, ` settle of everybody`, ` kill switch`; a read is ` account`. */
function purposeWithAccount(pk: string, asked: Item): string {
  const { UpdateExpression, ExpressionAttributeNames: names = {} } = asked as {
    UpdateExpression?: string;
    ExpressionAttributeNames?: Record<string, string>;
  };
  if (UpdateExpression === undefined) return " account";
  const update = UpdateExpression.replaceAll(/#n\d+/g, (placeholder) => names[placeholder] ?? placeholder);
  const [, purpose] = PURPOSES.find(([sign]) => sign.test(update)) ?? [];
  return ` ${purpose}${isEverybodys({ pk }) && purpose !== "kill switch" ? " of everybody" : ""}`;
}
const PURPOSES: [RegExp, string][] = [
  [/\bstopped\b/, "kill switch"],
  [/providerAccount/, "note fal's account"],
  [/REMOVE open\./, "settle"],
  [/leases/, "lend"],
  [/borrowed/, "borrow"],
  [/returned/, "return"],
  [/capMills/, "change the cap"],
  [/sweepShard = /, "reserve"],
  [/REMOVE warnings\./, "warned"],
  [/sweepAt/, "look again"],
  [/./, "ask again"],
];

/** The tenant and the end of the id. */
function keyOf(asked: Item): string {
  const { pk, sk } = (asked["Key"] ?? asked["Item"] ?? {}) as { pk?: { S: string }; sk?: { S: string } };
  return pk && sk ? `${pk.S.split("#")[1] ?? ""} ..${sk.S.slice(-6)}` : "";
}

export function isPlaces({ sk }: { sk: string }): boolean {
  return sk === "PLACES";
}

/** Written with every move. */
const PLUMBING = ["sweepAt", "sweepShard", "updatedAt", "writer"];

const EMPTY_PAGE: HttpAnswer = {
  statusCode: 200,
  headers: {},
  body: Buffer.from('{"Count":0,"Items":[],"ScannedCount":0}'),
};

/** As the AWS JSON protocols write an error. */
export function awsError(statusCode: number, code: string): HttpAnswer {
  const body = JSON.stringify({ __type: code, message: code });
  return { statusCode, headers: { "x-amzn-errortype": code }, body: Buffer.from(body) };
}

export function s3Error(statusCode: number, code: string): HttpAnswer {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { statusCode, headers: { "content-type": "application/xml" }, body: Buffer.from(body) };
}

const NOTHING: HttpAnswer = { statusCode: 200, headers: {}, body: Buffer.of() };

function xml(text: string): HttpAnswer {
  return { statusCode: 200, headers: { "content-type": "application/xml" }, body: Buffer.from(text) };
}

function inRange(bytes: Buffer, range = ""): HttpAnswer {
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  if (first === undefined) return { ...NOTHING, body: bytes };
  if (Number(first) >= bytes.length) return s3Error(416, "InvalidRange");
  return { ...NOTHING, statusCode: 206, body: bytes.subarray(Number(first), Number(last) + 1) };
}

function jsonAnswer(operation: () => unknown): HttpAnswer {
  try {
    return { statusCode: 200, headers: {}, body: Buffer.from(JSON.stringify(operation())) };
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return awsError(error.statusCode, error.code);
  }
}

function bytesOf(body: string | Uint8Array = ""): Buffer {
  return typeof body === "string" ? Buffer.from(body) : Buffer.concat([body]);
}
