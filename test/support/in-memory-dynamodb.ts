// A DynamoDB for one test file: dynalite in memory without a socket, or the endpoint that DYNAMODB_ENDPOINT names.
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import * as z from "zod";
import { AWS_CLIENT } from "../../shared/services/aws-client.ts";
import { MEDIA_TABLE } from "../../stacks/blueprint/tables.ts";
import { openDynamoDb, tableDefinition } from "../../stacks/local/aws/dynamodb.ts";

const attributes = z.object({ Attributes: z.unknown() });
const LOCAL = { region: "us-east-1", credentials: { accessKeyId: "local", secretAccessKey: "local" } };

export interface InMemoryOptions {
  /** Shown each item as an update has left it, in DynamoDB's own JSON. */
  seen?: (item: unknown) => void;
  /** Whether the answer to an operation (`PutItem`) that was carried out is lost: the SDK makes the call again. */
  loses?: (operation: string) => boolean;
}

/** The real SDK client; its requests reach dynalite as function calls, so that time may be faked. */
export async function inMemoryDynamoDb({ seen, loses }: InMemoryOptions = {}): Promise<{
  client: DynamoDBClient;
  table: string;
}> {
  const db = await openDynamoDb();
  const client = new DynamoDBClient({
    ...LOCAL,
    maxAttempts: loses ? AWS_CLIENT.maxAttempts : 1,
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body?: string | Uint8Array }) => {
        const body =
          typeof request.body === "string" ? Buffer.from(request.body) : Buffer.concat([request.body ?? Buffer.of()]);
        const [, operation = ""] = request.headers["x-amz-target"]?.split(".") ?? [];
        const isSeen = seen !== undefined && operation === "UpdateItem";
        const asked = isSeen
          ? Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), ReturnValues: "ALL_NEW" }))
          : body;
        const { statusCode, headers, body: text } = await db.handle({ headers: request.headers, body: asked });
        if (isSeen && statusCode === 200) seen(attributes.parse(JSON.parse(text)).Attributes);
        if (loses?.(operation)) throw Object.assign(new Error("socket hang up"), { name: "TimeoutError" });
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
