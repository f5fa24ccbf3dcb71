// The table on disk: it outlives the process, and says in words what keeps it from opening.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DynamoDBClient, DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import dynalite from "dynalite";
import { describe, expect, onTestFinished, test } from "vitest";
import { openDynamoDb, type DynamoDb } from "../../stacks/local/dynamodb.ts";
import { readBody } from "../../stacks/local/request-body.ts";
import { serve } from "./local-server.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

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

test("closing waits for the calls under way", async () => {
  const directory = await temporaryDirectory();
  const table = await openDynamoDb(directory);
  const { documents } = await clientOf(table);
  const { handle } = table;
  let answered = 0;
  table.handle = async (request) => {
    const answer = await handle(request);
    answered++;
    return answer;
  };
  const writes = Array.from({ length: 20 }, (_, n) =>
    documents.send(new PutCommand({ TableName: "Media", Item: { pk: "p", sk: String(n) } })),
  );
  await Promise.race(writes);
  const before = answered;
  await table.close();
  expect(answered).toBeGreaterThanOrEqual(before);
  await expect(openDynamoDb(directory).then((reopened) => reopened.close())).resolves.toBeUndefined();
  await Promise.allSettled(writes);
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
    const directory = join(await temporaryDirectory(), "dynamodb");
    await mkdir(directory);
    await makeForeignTable(directory);
    await expect(openDynamoDb(directory)).rejects.toThrow("was made by another version");
  });
});

/** A table Media with one key and no index. */
async function makeForeignTable(path: string): Promise<void> {
  const server = dynalite({ path, createTableMs: 0 });
  const port = 0;
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The server has no port");
  const response = await fetch(`http://127.0.0.1:${address.port}`, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.CreateTable",
      "x-amz-date": "20200101T000000Z",
      authorization: "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=host, Signature=none",
      connection: "close",
    },
    body: JSON.stringify({
      TableName: "Media",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    }),
  });
  expect(response.status).toBe(200);
  await response.text();
  await new Promise<void>((resolve) => server.close(() => resolve()));
}
