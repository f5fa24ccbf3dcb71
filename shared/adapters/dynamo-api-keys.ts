// The keys in DynamoDB, beside the records: one item each, found by its id, listed by its tenant.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, GetCommand, paginateQuery, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { keyPartition, partitionOfId, SCOPES, type ApiKey } from "../access/api-key.ts";
import type { ApiKeys } from "../access/ports.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";

interface DynamoApiKeysOptions {
  client: DynamoDBClient;
  table: string;
  /** Called for each item that a list leaves out. */
  tellUnreadable: TellUnreadable;
}

/** The port `ApiKeys` over the table of the records (keys: stacks/blueprint/tables.ts). */
export function createDynamoApiKeys({ client, table, tellUnreadable }: DynamoApiKeysOptions): ApiKeys {
  const db = documentClient(client);

  return {
    async add(key) {
      const put = {
        TableName: table,
        Item: newKeyItem(key),
        // The SDK repeats a write whose answer was lost: then our own item is there, and right.
        ConditionExpression: "attribute_not_exists(pk) OR secretHash = :hash",
        ExpressionAttributeValues: { ":hash": key.secretHash },
      };
      await db.send(new PutCommand(put));
    },

    async get(id) {
      const { Item } = await db.send(new GetCommand({ TableName: table, Key: keyOf(id), ConsistentRead: true }));
      return Item && readItem(Item);
    },

    async list(tenantId) {
      const keys: ApiKey[] = [];
      const query = {
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": `KEYS#${keyPartition(tenantId)}` },
        ConsistentRead: true,
      };
      for await (const { Items = [] } of paginateQuery({ client: db }, query)) {
        keys.push(...(await readableItems(Items, stored, tellUnreadable)).map(keyIn));
      }
      // Two tenants of four thousand millions may share a partition.
      return keys.filter((key) => key.tenantId === tenantId);
    },

    async remove(id, tenantId) {
      const isTheirs = tenantId !== undefined && {
        ConditionExpression: "tenantId = :tenant",
        ExpressionAttributeValues: { ":tenant": tenantId },
      };
      const command = { TableName: table, Key: keyOf(id), ReturnValues: "ALL_OLD" as const, ...isTheirs };
      const removed = await ignoreConflict(db.send(new DeleteCommand(command)));
      return removed?.Attributes && readItem(removed.Attributes);
    },

    async noteUse(id, at, ifBefore) {
      const update = {
        TableName: table,
        Key: keyOf(id),
        UpdateExpression: "SET lastUsedAt = :at",
        // A key that was revoked meanwhile must not come back as an item that holds only its last use.
        ConditionExpression: "attribute_exists(pk) AND (attribute_not_exists(lastUsedAt) OR lastUsedAt < :before)",
        ExpressionAttributeValues: { ":at": at, ":before": ifBefore },
      };
      await ignoreConflict(db.send(new UpdateCommand(update)));
    },
  };
}

function keyOf(id: string): { pk: string; sk: string } {
  return { pk: `KEYS#${partitionOfId(id)}`, sk: `KEY#${id}` };
}

const stored = z.object({
  id: z.string(),
  tenantId: z.string(),
  name: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  secretHash: z.string(),
  monthlyCapMills: z.optional(z.int()),
  createdAt: z.string(),
  // Not `expiresAt`: that is the table's time to live, and an expired key stays in its list.
  validUntil: z.optional(z.string()),
  lastUsedAt: z.optional(z.string()),
});

/** The item of a new key. Undefined attributes are left out by the document client. */
export function newKeyItem({ expiresAt, ...key }: ApiKey): Record<string, unknown> {
  return { ...keyOf(key.id), ...key, validUntil: expiresAt };
}

function readItem(item: Record<string, unknown>): ApiKey {
  return keyIn(stored.parse(item));
}

function keyIn({ validUntil, ...key }: z.infer<typeof stored>): ApiKey {
  return { ...key, expiresAt: validUntil };
}
