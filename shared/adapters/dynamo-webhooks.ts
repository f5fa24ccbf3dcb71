// The webhooks in DynamoDB, beside the records: one item each, those of a tenant together.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, GetCommand, paginateQuery, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { WEBHOOK_TYPES } from "../webhooks/message.ts";
import type { Webhooks } from "../webhooks/ports.ts";
import type { Webhook, WebhookRef } from "../webhooks/webhook.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";
import { UpdateExpression } from "./update-expression.ts";

interface DynamoWebhooksOptions {
  client: DynamoDBClient;
  table: string;
  /** Called for each item that a list leaves out. */
  tellUnreadable: TellUnreadable;
}

/** The port `Webhooks` over the table of the records (keys: stacks/blueprint/tables.ts). */
export function createDynamoWebhooks({ client, table, tellUnreadable }: DynamoWebhooksOptions): Webhooks {
  const db = documentClient(client);

  async function get(ref: WebhookRef): Promise<Webhook | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName: table, Key: keyOf(ref), ConsistentRead: true }));
    return Item && stored.parse(Item);
  }

  return {
    get,

    async add(webhook) {
      const Key = keyOf({ tenantId: webhook.tenantId, webhookId: webhook.id });
      const put = { TableName: table, Item: { ...Key, ...webhook }, ConditionExpression: "attribute_not_exists(pk)" };
      // No two have one id: what is there already is our own, whose answer was lost, or which has been changed since.
      await ignoreConflict(db.send(new PutCommand(put)));
    },

    async list(tenantId) {
      const webhooks: Webhook[] = [];
      const query = {
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": partitionOf(tenantId) },
        ConsistentRead: true,
      };
      for await (const { Items = [] } of paginateQuery({ client: db }, query)) {
        webhooks.push(...(await readableItems(Items, stored, tellUnreadable)));
      }
      return webhooks;
    },

    async change(ref, change) {
      if (Object.keys(change).length === 0) return get(ref);
      const update = new UpdateExpression().change(change).requireExists("pk").build();
      const command = { TableName: table, Key: keyOf(ref), ReturnValues: "ALL_NEW" as const, ...update };
      const written = await ignoreConflict(db.send(new UpdateCommand(command)));
      return written?.Attributes && stored.parse(written.Attributes);
    },

    async remove(ref) {
      const { Attributes } = await db.send(
        new DeleteCommand({ TableName: table, Key: keyOf(ref), ReturnValues: "ALL_OLD" }),
      );
      return Attributes !== undefined;
    },
  };
}

/** Encoded, so that no name can imitate another's key. */
function partitionOf(tenantId: string): string {
  return `TENANT#${encodeURIComponent(tenantId)}#WEBHOOKS`;
}

function keyOf({ tenantId, webhookId }: WebhookRef): { pk: string; sk: string } {
  return { pk: partitionOf(tenantId), sk: `WEBHOOK#${webhookId}` };
}

const text = z.string();

const stored = z.object({
  id: text,
  tenantId: text,
  url: text,
  events: z.array(z.enum(WEBHOOK_TYPES)),
  description: z.optional(text),
  enabled: z.boolean(),
  disabledReason: z.optional(z.enum(["gone", "failing"])),
  failingSince: z.optional(text),
  secret: text,
  oldSecret: z.optional(z.object({ secret: text, until: text })),
  origin: text,
  createdAt: text,
});
