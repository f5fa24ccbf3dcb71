// The spaces of a tenant in DynamoDB: one small item each beside the records.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { Spaces } from "../media/ports.ts";
import { documentClient } from "./document-client.ts";
import { mediaKey, partitionKey } from "./media-item.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";

const PREFIX = "SPACE#";

export function createDynamoSpaces(options: {
  client: DynamoDBClient;
  table: string;
  /** Called for each item that a list leaves out. */
  tellUnreadable: TellUnreadable;
}): Spaces {
  const { client, table, tellUnreadable } = options;
  const db = documentClient(client);
  const partition = (tenantId: string) => `TENANT#${encodeURIComponent(tenantId)}#SPACES`;

  return {
    async note({ tenantId, spaceId }, at) {
      const Item = { pk: partition(tenantId), sk: `${PREFIX}${spaceId}`, spaceId, lastStartedAt: at };
      await db.send(new PutCommand({ TableName: table, Item }));
    },

    async list(tenantId, { limit, after }) {
      const pk = partition(tenantId);
      const { Items = [], LastEvaluatedKey } = await db.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": pk },
          ExclusiveStartKey: after === undefined ? undefined : { pk, sk: `${PREFIX}${after}` },
          Limit: limit,
        }),
      );
      const items = await readableItems(Items, spaceItem, tellUnreadable);
      const last = LastEvaluatedKey && lastKey.parse(LastEvaluatedKey).sk.slice(PREFIX.length);
      return { items, ...(last !== undefined && { next: last }) };
    },

    async count(space) {
      // Two writes keep no counter true when a process dies between them, so it is counted: DynamoDB reads 1 MB at most,
      // some hundreds of records, and sends none of them.
      const { Count = 0, LastEvaluatedKey } = await db.send(
        new QueryCommand({
          TableName: table,
          Select: "COUNT",
          KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
          FilterExpression: "attribute_not_exists(phase) OR phase <> :deleted",
          ExpressionAttributeValues: {
            ":pk": partitionKey(space),
            ":sk": mediaKey({ ...space, mediaId: "" }).sk,
            ":deleted": "deleted",
          },
        }),
      );
      return { count: Count, isAll: LastEvaluatedKey === undefined };
    },
  };
}

const spaceItem = z.object({ spaceId: z.string(), lastStartedAt: z.string() });
const lastKey = z.object({ sk: z.string() });
