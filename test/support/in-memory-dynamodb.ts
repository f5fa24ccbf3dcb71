// A DynamoDB for one test file: dynalite in memory without a socket, or the endpoint that DYNAMODB_ENDPOINT names.
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import * as z from "zod";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { openDynamoDb, tableDefinition } from "../../stacks/local/dynamodb.ts";

const attributes = z.object({ Attributes: z.unknown() });
const LOCAL = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };

/**
 * The real SDK client; its requests reach dynalite as function calls, so that time may be faked.
 * @param seen shown each item as an update has left it, in DynamoDB's own JSON
 */
export async function inMemoryDynamoDb(
  seen?: (item: unknown) => void,
): Promise<{ client: DynamoDBClient; table: string }> {
  const db = await openDynamoDb();
  const client = new DynamoDBClient({
    ...LOCAL,
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body?: string | Uint8Array }) => {
        const body =
          typeof request.body === "string" ? Buffer.from(request.body) : Buffer.concat([request.body ?? Buffer.of()]);
        const isSeen = seen !== undefined && request.headers["x-amz-target"]?.endsWith(".UpdateItem") === true;
        const asked = isSeen
          ? Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), ReturnValues: "ALL_NEW" }))
          : body;
        const { statusCode, headers, body: text } = await db.handle({ headers: request.headers, body: asked });
        if (isSeen && statusCode === 200) seen(attributes.parse(JSON.parse(text)).Attributes);
        return { response: { statusCode, headers, body: Readable.from([Buffer.from(text)]) } };
      },
    },
  });
  return { client, table: MEDIA_TABLE.name };
}

/** A fresh table on a real endpoint, such as Amazon's DynamoDB Local. */
export async function dynamoDbAt(
  endpoint: string,
): Promise<{ client: DynamoDBClient; table: string; drop(): Promise<void> }> {
  const client = new DynamoDBClient({ ...LOCAL, endpoint });
  const table = `Media-${randomUUID()}`;
  await client.send(new CreateTableCommand(tableDefinition(table)));
  const drop = async () => {
    await client.send(new DeleteTableCommand({ TableName: table }));
  };
  return { client, table, drop };
}
