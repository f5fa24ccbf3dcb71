// The table on this machine: dynalite on disk or in memory, called without a socket, made from the blueprint when it is missing.
import { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import dynalite, { type DynaliteResponse, type DynaliteServer } from "dynalite";
import dynaliteDb from "dynalite/db/index.js";
import * as z from "zod";
import { MEDIA_TABLE } from "../../blueprint/tables.ts";
import { StartError } from "../start-error.ts";

export interface DynamoDbRequest {
  headers: Record<string, string>;
  body: Buffer;
}
export interface DynamoDbAnswer {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

export interface DynamoDb {
  handle(request: DynamoDbRequest): Promise<DynamoDbAnswer>;
  /** Lets the calls under way finish, then gives the directory free. */
  close(): Promise<void>;
}

/**
 * @param directory where the table lives; in memory without it
 * @param patienceMs how long the table may take to become active
 * @throws StartError when the directory cannot be used
 */
export async function openDynamoDb(directory?: string, patienceMs = PATIENCE_MS): Promise<DynamoDb> {
  if (directory !== undefined) await checkDirectory(directory);
  await letIteratorsClose();
  const server = dynalite({ path: directory, createTableMs: 0 });
  const underWay = new Set<Promise<DynamoDbAnswer>>();

  const handle: DynamoDb["handle"] = async (request) => {
    const answer = answerOf(server, request);
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  };
  const close = async (): Promise<void> => {
    while (underWay.size > 0) await Promise.all(underWay);
    if (directory !== undefined) await closeServer(server);
  };

  try {
    await ensureTable(handle, patienceMs, directory);
  } catch (error) {
    await close();
    throw error;
  }
  return { handle, close };
}

/** One call. dynalite never answers a request it has not answered synchronously or from its own callback, so this settles. */
function answerOf(server: DynaliteServer, { headers, body }: DynamoDbRequest): Promise<DynamoDbAnswer> {
  return new Promise((resolve) => {
    const request = Object.assign(new EventEmitter(), { method: "POST", url: "/", headers });
    const answerHeaders: Record<string, string> = {};
    const response: DynaliteResponse = {
      statusCode: 200,
      setHeader: (name, value) => void (answerHeaders[name] = String(value)),
      end: (text = "") => resolve({ statusCode: response.statusCode, headers: answerHeaders, body: text }),
    };
    server.emit("request", request, response);
    if (body.length > 0) request.emit("data", body);
    request.emit("end");
  });
}

/** dynalite releases its database only if its HTTP server, which is not used here, was listening. */
async function closeServer(server: DynaliteServer): Promise<void> {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  await new Promise<void>((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}

/**
 * dynalite ends the stream of a query through its iterator's `return`, which LevelDB's iterators do not have:
 * each query would leave one open, 20 KB of memory that never comes back. So they get one.
 */
async function letIteratorsClose(): Promise<void> {
  const { db } = dynaliteDb.create({});
  let prototype: unknown = db.values();
  while (isObject(prototype) && !Object.hasOwn(prototype, "close")) prototype = Object.getPrototypeOf(prototype);
  if (!isObject(prototype)) throw new Error("LevelDB's iterators cannot be closed");
  Object.defineProperty(prototype, "return", {
    configurable: true,
    value(this: { close(): Promise<void> }) {
      return this.close();
    },
  });
  await db.close();
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Asks LevelDB first: dynalite would answer a lock or a full disk with an exception that cannot be caught. */
async function checkDirectory(directory: string): Promise<void> {
  const { db } = dynaliteDb.create({ path: directory });
  try {
    await db.open();
  } catch (error) {
    const reason = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = reason instanceof Error && "code" in reason ? String(reason.code) : "";
    throw new StartError(
      code === "LEVEL_LOCKED"
        ? `Another process is already using ${directory}: stop it, or set DATA_DIR to a directory of its own.`
        : `The table in ${directory} cannot be opened (${reason instanceof Error ? reason.message : String(reason)}).`,
    );
  }
  await db.close();
}

const KEY_SCHEMA = z.array(z.object({ AttributeName: z.string(), KeyType: z.string() }));
const TABLE_DESCRIPTION = z.object({
  Table: z.object({
    TableStatus: z.string(),
    KeySchema: KEY_SCHEMA,
    GlobalSecondaryIndexes: z.array(z.object({ IndexName: z.string(), KeySchema: KEY_SCHEMA })).default([]),
  }),
});
/** A table is active a few milliseconds after it was asked for; on a machine under load, some seconds. */
const PATIENCE_MS = 10_000;

/** The blueprint's table as DynamoDB's CreateTable takes it. */
export function tableDefinition(name: string) {
  const { partitionKey, sortKey, sweepIndex } = MEDIA_TABLE;
  const keys = (partition: string, sort: string) => [
    { AttributeName: partition, KeyType: "HASH" as const },
    { AttributeName: sort, KeyType: "RANGE" as const },
  ];
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST" as const,
    AttributeDefinitions: [partitionKey, sortKey, sweepIndex.partitionKey, sweepIndex.sortKey].map((attribute) => ({
      AttributeName: attribute,
      AttributeType: "S" as const,
    })),
    KeySchema: keys(partitionKey, sortKey),
    GlobalSecondaryIndexes: [
      {
        IndexName: sweepIndex.name,
        KeySchema: keys(sweepIndex.partitionKey, sweepIndex.sortKey),
        Projection: { ProjectionType: sweepIndex.projection },
      },
    ],
  };
}

async function ensureTable(handle: DynamoDb["handle"], patienceMs: number, directory = "memory"): Promise<void> {
  const table = tableDefinition(MEDIA_TABLE.name);
  const { TableName: name } = table;

  const describe = async () => {
    const answer = await call(handle, "DescribeTable", { TableName: name });
    return answer.statusCode === 200 ? TABLE_DESCRIPTION.parse(JSON.parse(answer.body)).Table : undefined;
  };

  let found = await describe();
  if (!found) {
    const answer = await call(handle, "CreateTable", table);
    if (answer.statusCode !== 200) throw new Error(`The table could not be made: ${answer.body}`);
  }
  for (const start = Date.now(); found?.TableStatus !== "ACTIVE"; found = await describe()) {
    // A process killed between dynalite's two writes leaves an empty table that never becomes active.
    if (Date.now() - start > patienceMs) {
      throw new StartError(`The table in ${directory} was left half made: delete that directory and start again.`);
    }
    await sleep(1);
  }

  const shape = (value: Pick<typeof found, "KeySchema" | "GlobalSecondaryIndexes">) =>
    JSON.stringify([value.KeySchema, value.GlobalSecondaryIndexes.map((index) => [index.IndexName, index.KeySchema])]);
  if (shape(found) !== shape(table)) {
    // dynalite cannot add an index to a table that exists.
    throw new StartError(
      `The table in ${directory} was made by another version, with other keys: set DATA_DIR to a new directory, or delete that one.`,
    );
  }
}

async function call(handle: DynamoDb["handle"], operation: string, input: unknown): Promise<DynamoDbAnswer> {
  return handle({
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
      "x-amz-date": "20200101T000000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
    },
    body: Buffer.from(JSON.stringify(input)),
  });
}
