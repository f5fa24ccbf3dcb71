// The table on disk: it outlives the process, and says in words what keeps it from opening.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DynamoDBClient, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import dynalite from "dynalite";
import dynaliteDb from "dynalite/db/index.js";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { openDynamoDb, type DynamoDb } from "../../../stacks/local/aws/dynamodb.ts";
import { readBody } from "../../../stacks/local/gateway/request-body.ts";
import { serve } from "../local-server.ts";
import { temporaryDirectory } from "../temporary-directory.ts";

const KEY = { pk: "TENANT#t#SPACE#s", sk: "MEDIA#1" };

/** The real client, over a real socket. */
async function clientOf(table: DynamoDb) {
  const endpoint = await serve((request, response) => {
    const headers: Record<string, string> = {};
    for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = (values ?? []).join(",");
    void readBody(request, Infinity)
      .then((body) => table.handle({ headers, body: body ?? Buffer.alloc(0) }))
      .then((answer) => response.writeHead(answer.statusCode, answer.headers).end(answer.body));
  });
  const client = new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  onTestFinished(() => client.destroy());
  return { client, documents: DynamoDBDocumentClient.from(client) };
}

test("what was written is there after a restart, in the table and in its sparse index", async () => {
  const directory = await temporaryDirectory();
  const before = await openDynamoDb(directory);
  const { documents } = await clientOf(before);
  await documents.send(
    new PutCommand({ TableName: "Media", Item: { ...KEY, sweepShard: "3", sweepAt: "2026", n: 1 } }),
  );
  await documents.send(new PutCommand({ TableName: "Media", Item: { ...KEY, sk: "MEDIA#2", n: 2 } }));
  await before.close();

  const after = await openDynamoDb(directory);
  const { documents: again } = await clientOf(after);
  const { Item } = await again.send(new GetCommand({ TableName: "Media", Key: KEY }));
  expect(Item).toMatchObject({ n: 1 });
  const { Items } = await again.send(
    new QueryCommand({
      TableName: "Media",
      IndexName: "sweep",
      KeyConditionExpression: "sweepShard = :shard AND sweepAt < :now",
      ExpressionAttributeValues: { ":shard": "3", ":now": "2027" },
    }),
  );
  expect(Items).toEqual([{ ...KEY, sweepShard: "3", sweepAt: "2026" }]);
  await after.close();
});

test("the table is the blueprint's: on demand, with keys and index", async () => {
  const table = await openDynamoDb();
  const { client } = await clientOf(table);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: "Media" }));
  expect(Table).toMatchObject({
    TableStatus: "ACTIVE",
    BillingModeSummary: { BillingMode: "PAY_PER_REQUEST" },
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    GlobalSecondaryIndexes: [
      { IndexName: "sweep", Projection: { ProjectionType: "KEYS_ONLY" }, IndexStatus: "ACTIVE" },
    ],
  });
});

test("of fifty writes under one condition exactly one wins, and the losers learn why", async () => {
  const table = await openDynamoDb();
  const { documents } = await clientOf(table);
  const attempts = Array.from({ length: 50 }, (_, attempt) =>
    documents.send(
      new UpdateCommand({
        TableName: "Media",
        Key: KEY,
        UpdateExpression: "SET winner = :attempt",
        ConditionExpression: "attribute_not_exists(winner)",
        ExpressionAttributeValues: { ":attempt": attempt },
      }),
    ),
  );
  const outcomes = await Promise.allSettled(attempts);
  const reasons = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
  expect(reasons).toHaveLength(49);
  expect(new Set(reasons)).toEqual(new Set(["ConditionalCheckFailedException: The conditional request failed"]));
});

test("a query gives back the iterator it reads with", async () => {
  const table = await openDynamoDb();
  const { db } = dynaliteDb.create({});
  let iterators: unknown = Object.getPrototypeOf(db.values());
  while (!hasClose(iterators)) iterators = Object.getPrototypeOf(iterators);
  const close = vi.spyOn(iterators, "close");
  onTestFinished(() => close.mockRestore());
  const query = {
    TableName: "Media",
    KeyConditionExpression: "pk = :p",
    ExpressionAttributeValues: { ":p": { S: "p" } },
  };
  await table.handle({ headers: signed("Query"), body: Buffer.from(JSON.stringify(query)) });
  await expect.poll(() => close.mock.calls.length).toBe(1);
  await db.close();
});

function hasClose(prototype: unknown): prototype is { close(): Promise<void> } {
  return typeof prototype === "object" && prototype !== null && Object.hasOwn(prototype, "close");
}

test("closing waits for the calls under way", async () => {
  const directory = await temporaryDirectory();
  const table = await openDynamoDb(directory);
  const order: string[] = [];
  const put = { TableName: "Media", Item: { pk: { S: "p" }, sk: { S: "s" } } };
  const write = table
    .handle({ headers: signed("PutItem"), body: Buffer.from(JSON.stringify(put)) })
    .then(({ statusCode }) => order.push(`written ${statusCode}`));
  await table.close().then(() => order.push("closed"));
  await write;
  expect(order).toEqual(["written 200", "closed"]);
});

describe("a start that cannot be", () => {
  test("a second machine on the same directory is told so in one sentence", async () => {
    const directory = await temporaryDirectory();
    const first = await openDynamoDb(directory);
    await expect(openDynamoDb(directory)).rejects.toThrow(
      /^Another process is already using .*: stop it, or set DATA_DIR/,
    );
    await first.close();
  });

  test("a directory that holds something else", async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "CURRENT"), "not a table\n");
    await expect(openDynamoDb(directory)).rejects.toMatchObject({ name: "StartError" });
  });

  test("a file where the directory should be", async () => {
    const directory = join(await temporaryDirectory(), "file");
    await writeFile(directory, "");
    await expect(openDynamoDb(directory)).rejects.toMatchObject({ name: "StartError" });
  });

  test("a table with other keys, made by another version", async () => {
    const directory = await temporaryDirectory();
    await makeForeignTable(directory, 0);
    await expect(openDynamoDb(directory)).rejects.toThrow("was made by another version");
  });

  test("a table whose making was cut short", async () => {
    const directory = await temporaryDirectory();
    await makeForeignTable(directory, 60_000);
    await expect(openDynamoDb(directory, 100)).rejects.toThrow("was left half made");
  });
});

function signed(operation: string): Record<string, string> {
  return {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": `DynamoDB_20120810.${operation}`,
    "x-amz-date": "20200101T000000Z",
    authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
  };
}

/** A table Media with one key and no index; with patience 0 it is ready, otherwise it is left as it is being made. */
async function makeForeignTable(path: string, createTableMs: number): Promise<void> {
  const server = dynalite({ path, createTableMs });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port");
  const call = async (operation: string, input: object) => {
    const headers = { ...signed(operation), connection: "close" };
    const init = { method: "POST", headers, body: JSON.stringify({ TableName: "Media", ...input }) };
    return (await fetch(`http://127.0.0.1:${address.port}`, init)).text();
  };
  await call("CreateTable", {
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
  if (createTableMs === 0) await expect.poll(() => call("DescribeTable", {})).toContain("ACTIVE");
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
