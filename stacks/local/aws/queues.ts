// The queues of this machine, with the names, fields and errors of the SQS API; every message is a file until it is deleted.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { ACCOUNT_ID, queueArn } from "./arns.ts";
import { AwsError, parseInput } from "./aws-error.ts";
import { stateIn } from "../kept-json.ts";

/** "Message size" and the other limits: AWS, "Amazon SQS message quotas". */
const BODY_MAX_BYTES = 1_048_576;
const RECEIVE_MAX = 10;
const WAIT_MAX_SECONDS = 20;
const VISIBILITY_SECONDS = 30;
const VISIBILITY_MAX_SECONDS = 43_200;
/** A message holds its sender's words. */
const OWNER_ONLY = { mode: 0o600 };

const NAME = z.string().regex(/^[A-Za-z0-9_-]{1,80}$/, "a queue's name has 1 to 80 letters, digits, _ or -");
const CREATE = z.object({ QueueName: NAME });
const QUEUE = z.object({ QueueUrl: z.string() });
const LIST = z.object({ QueueNamePrefix: z.string().default("") });
const ATTRIBUTES = z.record(
  z.string(),
  z.object({ DataType: z.string(), StringValue: z.string().optional(), BinaryValue: z.string().optional() }),
);
export type MessageAttributes = z.infer<typeof ATTRIBUTES>;
const SEND = QUEUE.extend({ MessageBody: z.string().min(1), MessageAttributes: ATTRIBUTES.default({}) });
const RECEIVE = QUEUE.extend({
  MaxNumberOfMessages: z.int().min(1).max(RECEIVE_MAX).default(1),
  WaitTimeSeconds: z.int().min(0).max(WAIT_MAX_SECONDS).default(0),
  VisibilityTimeout: z.int().min(0).max(VISIBILITY_MAX_SECONDS).default(VISIBILITY_SECONDS),
});
const DELETE = QUEUE.extend({ ReceiptHandle: z.string() });
const BATCH_MAX = 10;
/** "Id: ... up to 80 alphanumeric characters, hyphens and underscores" (AWS: API reference, SendMessageBatchRequestEntry). */
const BATCH_ID = /^[A-Za-z0-9_-]{1,80}$/;
const SEND_BATCH = QUEUE.extend({
  Entries: z.array(SEND.omit({ QueueUrl: true }).extend({ Id: z.string(), MessageBody: z.string() })).default([]),
});
const DELETE_BATCH = QUEUE.extend({
  Entries: z.array(z.object({ Id: z.string(), ReceiptHandle: z.string() })).default([]),
});
/** Between two purges of a queue, and between its end and another of its name (AWS: API reference, PurgeQueue, DeleteQueue). */
const REST_MS = 60_000;

const MESSAGE = z.object({ id: z.string(), body: z.string(), attributes: ATTRIBUTES, sentAt: z.number() });
type Message = z.infer<typeof MESSAGE>;

interface Queue {
  messages: Map<string, Message & { received: number; hiddenUntil: number }>;
  /** Woken by every message that comes. */
  waiting: Set<() => void>;
  purgedAt?: number;
}

export interface Queues {
  /** Makes a queue of the project's own, which no caller can delete; one that is there stays as it is. */
  create(name: string): Promise<void>;
  has(arn: string): boolean;
  /** Resolves once the message will not be lost any more. @throws AwsError when there is no such queue */
  send(name: string, body: string, attributes?: MessageAttributes): Promise<string>;
  /** The operations by name; `origin` is where the caller reaches this endpoint. They throw AwsError. */
  operations: Record<string, (request: unknown, origin: string) => unknown>;
}

/**
 * Takes up the queues that an earlier process left in the directory. A message that was received and not deleted comes
 * again after its visibility time-out, or at the next start: SQS too delivers at least once.
 */
export async function openQueues(directory: string, now: () => number = Date.now): Promise<Queues> {
  const queues = new Map<string, Queue>();
  const own = new Set<string>();
  const deletedAt = new Map<string, number>();
  await mkdir(directory, { recursive: true });
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) queues.set(entry.name, await openQueue(join(directory, entry.name)));
  }

  function find(url: string): [string, Queue] {
    const name = url.replace(/^.*\//, "");
    const queue = queues.get(name);
    if (!queue) throw new AwsError("QueueDoesNotExist", `The specified queue does not exist: ${name}`);
    return [name, queue];
  }

  async function create(name: string): Promise<void> {
    if (queues.has(name)) return;
    await mkdir(join(directory, name), { recursive: true });
    queues.set(name, { messages: new Map(), waiting: new Set() });
  }

  async function send(to: string, body: string, attributes: MessageAttributes = {}): Promise<string> {
    const [name, queue] = find(to);
    if (Buffer.byteLength(body) > BODY_MAX_BYTES) {
      throw new AwsError("InvalidParameterValue", `One or more parameters are invalid: over ${BODY_MAX_BYTES} bytes.`);
    }
    const message: Message = { id: randomUUID(), body, attributes, sentAt: now() };
    const file = fileOf(join(directory, name), message);
    // Written aside first, so that a kill in the middle leaves no half of a message.
    await writeFile(`${file}.new`, JSON.stringify(message), OWNER_ONLY);
    await rename(`${file}.new`, file);
    queue.messages.set(message.id, { ...message, received: 0, hiddenUntil: 0 });
    for (const wake of queue.waiting) wake();
    return message.id;
  }

  function take(queue: Queue, { MaxNumberOfMessages, VisibilityTimeout }: z.infer<typeof RECEIVE>) {
    const visible = [...queue.messages.values()].filter(({ hiddenUntil }) => hiddenUntil <= now());
    return visible.slice(0, MaxNumberOfMessages).map((message) => {
      message.received++;
      message.hiddenUntil = now() + VisibilityTimeout * 1000;
      return {
        MessageId: message.id,
        ReceiptHandle: `${message.id}#${message.received}`,
        Body: message.body,
        MD5OfBody: md5(message.body),
        MessageAttributes: message.attributes,
        Attributes: { SentTimestamp: String(message.sentAt), ApproximateReceiveCount: String(message.received) },
      };
    });
  }

  async function receive(request: z.infer<typeof RECEIVE>) {
    const until = now() + request.WaitTimeSeconds * 1000;
    for (;;) {
      const [, queue] = find(request.QueueUrl);
      const messages = take(queue, request);
      if (messages.length > 0) return { Messages: messages };
      const hidden = [...queue.messages.values()].map(({ hiddenUntil }) => hiddenUntil);
      const next = Math.min(until, ...hidden);
      if (now() >= until) return {};
      await wakenOrAfter(queue, Math.max(next - now(), 1));
    }
  }

  async function remove(name: string, { messages }: Queue, handle: string): Promise<void> {
    const message = messages.get(handle.replace(/#.*$/, ""));
    if (!message) return;
    await rm(fileOf(join(directory, name), message), { force: true });
    messages.delete(message.id);
  }

  const urlOf = (origin: string, name: string) => `${origin}/${ACCOUNT_ID}/${name}`;
  return {
    has: (arn) => [...queues.keys()].some((name) => queueArn(name) === arn),
    async create(name) {
      own.add(name);
      await create(name);
    },
    send,
    operations: {
      async CreateQueue(request, origin) {
        const { QueueName } = parse(CREATE, request);
        if ((deletedAt.get(QueueName) ?? -Infinity) > now() - REST_MS) {
          throw new AwsError(
            "QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
          );
        }
        await create(QueueName);
        return { QueueUrl: urlOf(origin, QueueName) };
      },
      GetQueueUrl(request, origin) {
        const [name] = find(parse(CREATE, request).QueueName);
        return { QueueUrl: urlOf(origin, name) };
      },
      ListQueues(request, origin) {
        const { QueueNamePrefix } = parse(LIST, request);
        const names = [...queues.keys()].filter((name) => name.startsWith(QueueNamePrefix));
        return { QueueUrls: names.toSorted().map((name) => urlOf(origin, name)) };
      },
      GetQueueAttributes(request) {
        const [name, { messages }] = find(parse(QUEUE, request).QueueUrl);
        const hidden = [...messages.values()].filter(({ hiddenUntil }) => hiddenUntil > now()).length;
        return {
          Attributes: {
            QueueArn: queueArn(name),
            ApproximateNumberOfMessages: String(messages.size - hidden),
            ApproximateNumberOfMessagesNotVisible: String(hidden),
          },
        };
      },
      SetQueueAttributes(request) {
        // A policy, mostly: nothing on this machine is asked who it is.
        find(parse(QUEUE, request).QueueUrl);
        return {};
      },
      async SendMessage(request) {
        const { QueueUrl, MessageBody, MessageAttributes } = parse(SEND, request);
        const MessageId = await send(QueueUrl, MessageBody, MessageAttributes);
        return { MessageId, MD5OfMessageBody: md5(MessageBody) };
      },
      ReceiveMessage: (request) => receive(parse(RECEIVE, request)),
      async DeleteMessage(request) {
        const { QueueUrl, ReceiptHandle } = parse(DELETE, request);
        await remove(...find(QueueUrl), ReceiptHandle);
        return {};
      },
      async SendMessageBatch(request) {
        const { QueueUrl, Entries } = parse(SEND_BATCH, request);
        find(QueueUrl);
        expectBatch(Entries);
        const bytes = Entries.map(({ MessageBody }) => Buffer.byteLength(MessageBody)).reduce((a, b) => a + b, 0);
        if (bytes > BODY_MAX_BYTES) {
          throw new AwsError("BatchRequestTooLong", `Batch requests cannot be longer than ${BODY_MAX_BYTES} bytes.`);
        }
        return batch(Entries, async ({ MessageBody, MessageAttributes }) => {
          if (!MessageBody)
            throw new AwsError("MissingParameter", "The request must contain the parameter MessageBody.");
          return {
            MessageId: await send(QueueUrl, MessageBody, MessageAttributes),
            MD5OfMessageBody: md5(MessageBody),
          };
        });
      },
      async DeleteMessageBatch(request) {
        const { QueueUrl, Entries } = parse(DELETE_BATCH, request);
        const found = find(QueueUrl);
        expectBatch(Entries);
        return batch(Entries, async ({ ReceiptHandle }) => {
          await remove(...found, ReceiptHandle);
          return {};
        });
      },
      async PurgeQueue(request) {
        const [name, queue] = find(parse(QUEUE, request).QueueUrl);
        if ((queue.purgedAt ?? -Infinity) > now() - REST_MS) {
          throw new AwsError(
            "PurgeQueueInProgress",
            `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`,
          );
        }
        queue.purgedAt = now();
        for (const id of queue.messages.keys()) await remove(name, queue, id);
        return {};
      },
      async DeleteQueue(request) {
        const [name, queue] = find(parse(QUEUE, request).QueueUrl);
        if (own.has(name)) {
          throw new AwsError("UnsupportedOperation", `${name} is a queue of the project itself: purge it instead.`);
        }
        queues.delete(name);
        deletedAt.set(name, now());
        await rm(join(directory, name), { recursive: true, force: true });
        for (const wake of queue.waiting) wake();
        return {};
      },
    },
  };
}

function expectBatch(entries: readonly { Id: string }[]): void {
  if (entries.length === 0)
    throw new AwsError("EmptyBatchRequest", "There should be at least one entry in the request.");
  if (entries.length > BATCH_MAX) {
    throw new AwsError("TooManyEntriesInBatchRequest", `Maximum number of entries per request are ${BATCH_MAX}.`);
  }
  for (const { Id } of entries) {
    if (BATCH_ID.test(Id)) continue;
    throw new AwsError("InvalidBatchEntryId", `A batch entry id has 1 to 80 letters, digits, - or _: ${Id}`);
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new AwsError("BatchEntryIdsNotDistinct", "Two entries of the request have the same id.");
  }
}

/** One by one: what one of them cannot have does not keep the others back. */
async function batch<Entry extends { Id: string }>(entries: readonly Entry[], work: (entry: Entry) => Promise<object>) {
  const Successful: object[] = [];
  const Failed: object[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...(await work(entry)) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}

async function openQueue(directory: string): Promise<Queue> {
  const messages: Queue["messages"] = new Map();
  // The name of a file begins with the time it came: this is the order of the messages.
  for (const file of (await readdir(directory)).toSorted()) {
    if (!file.endsWith(".json")) await rm(join(directory, file), { force: true });
    else {
      const path = join(directory, file);
      const message = stateIn(path, await readFile(path, "utf8"), MESSAGE);
      messages.set(message.id, { ...message, received: 0, hiddenUntil: 0 });
    }
  }
  return { messages, waiting: new Set() };
}

function fileOf(directory: string, { id, sentAt }: Message): string {
  return join(directory, `${String(sentAt).padStart(15, "0")}-${id}.json`);
}

async function wakenOrAfter(queue: Queue, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  queue.waiting.add(resolve);
  await promise;
  queue.waiting.delete(resolve);
  clearTimeout(timer);
}

/** The SDK compares it. */
function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

function parse<T>(schema: z.ZodType<T>, request: unknown): T {
  return parseInput(schema, request, "InvalidParameterValue");
}
