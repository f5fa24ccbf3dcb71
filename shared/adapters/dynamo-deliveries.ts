// The log of webhooks in DynamoDB, beside the records: one item for each event and webhook; pending ones are in the sweeper's index.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, paginateQuery, paginateScan, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { createHash, randomUUID } from "node:crypto";
import * as z from "zod/mini";
import type { Clock } from "../media/ports.ts";
import { refOfDelivery, type Delivery, type DeliveryRef } from "../webhooks/delivery.ts";
import { WEBHOOK_TYPES } from "../webhooks/message.ts";
import type { Deliveries } from "../webhooks/ports.ts";
import type { WebhookRef } from "../webhooks/webhook.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";

interface DynamoDeliveriesOptions {
  client: DynamoDBClient;
  table: string;
  clock: Pick<Clock, "now">;
  /** Called for each item that a list leaves out. */
  tellUnreadable: TellUnreadable;
}

/** Shards of the sweeper's index, separate from the records'. All deliveries of a webhook are in one, so its backlog delays few others. */
const SHARDS = Array.from({ length: 16 }, (_, n) => `WEBHOOKS#${n}`);
const PARTITION = /^TENANT#([^#]+)#WEBHOOK#([^#]+)$/;
const PREFIX = "DELIVERY#";
/** TTL deletes late (AWS: "within a few days"), so what has expired is left out of a page that was read. */
const PAGES_READ = 10;

/** The port `Deliveries` over the table of the records (keys and index: stacks/blueprint/tables.ts). */
export function createDynamoDeliveries({ client, table, clock, tellUnreadable }: DynamoDeliveriesOptions): Deliveries {
  const db = documentClient(client);
  const isKept = ({ expiresAt }: Delivery) => expiresAt * 1000 > clock.now();

  async function read(ref: DeliveryRef) {
    const { Item } = await db.send(new GetCommand({ TableName: table, Key: keyOf(ref), ConsistentRead: true }));
    return Item;
  }

  /** @returns whether the condition held, or failed because of our own first write: the SDK repeats a write whose answer was lost */
  async function put(delivery: Delivery, condition: Condition): Promise<boolean> {
    const writer = randomUUID();
    const command = { TableName: table, Item: { ...itemOf(delivery), writer }, ...condition };
    if (await ignoreConflict(db.send(new PutCommand(command)))) return true;
    return (await read(refOfDelivery(delivery)))?.["writer"] === writer;
  }

  /** The keys of a shard of the sweeper's index that are due. */
  async function* dueKeys(shard: string, before: string, of?: WebhookRef) {
    const query = {
      TableName: table,
      IndexName: "sweep",
      KeyConditionExpression: "sweepShard = :shard AND sweepAt <= :before",
      ...(of && { FilterExpression: "pk = :pk" }),
      ExpressionAttributeValues: { ":shard": shard, ":before": before, ...(of && { ":pk": partitionOf(of) }) },
    };
    for await (const { Items = [] } of paginateQuery({ client: db }, query)) {
      yield Items.flatMap((item) => refOfKey(primaryKey.parse(item)) ?? []);
    }
  }

  return {
    add: (delivery) =>
      put(delivery, {
        ConditionExpression: "attribute_not_exists(pk) OR expiresAt < :now",
        ExpressionAttributeValues: { ":now": Math.floor(clock.now() / 1000) },
      }),

    async get(ref) {
      const item = await read(ref);
      const delivery = item && stored.parse(item);
      return delivery && isKept(delivery) ? delivery : undefined;
    },

    async save(delivery) {
      const next = { ...delivery, version: delivery.version + 1 };
      const unchanged = {
        ConditionExpression: "version = :version",
        ExpressionAttributeValues: { ":version": delivery.version },
      };
      return (await put(next, unchanged)) ? next : undefined;
    },

    async list(ref, { limit, before }) {
      const items: Delivery[] = [];
      let seen = before;
      for (let page = 0; page < PAGES_READ; page++) {
        const { Items = [], LastEvaluatedKey } = await db.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: "pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues: { ":pk": partitionOf(ref), ":sk": PREFIX },
            ExclusiveStartKey: seen === undefined ? undefined : keyOf({ ...ref, deliveryId: seen }),
            ScanIndexForward: false,
            // One more than asked for tells whether there is a next page.
            Limit: limit + 1,
          }),
        );
        items.push(...(await readableItems(Items, stored, tellUnreadable)).filter(isKept));
        if (items.length > limit) return { items: items.slice(0, limit), next: items[limit - 1]?.id };
        if (!LastEvaluatedKey) return { items };
        seen = refOfKey(primaryKey.parse(LastEvaluatedKey))?.deliveryId;
      }
      return { items, next: seen };
    },

    async dueWebhooks(before) {
      const due = new Map<string, WebhookRef>();
      const look = async (shard: string) => {
        for await (const refs of dueKeys(shard, before)) {
          for (const { tenantId, webhookId } of refs) {
            due.set(partitionOf({ tenantId, webhookId }), { tenantId, webhookId });
          }
        }
      };
      await Promise.all(SHARDS.map(look));
      return [...due.values()];
    },

    async allPending() {
      const pending: DeliveryRef[] = [];
      const scan = {
        TableName: table,
        ProjectionExpression: "pk, sk",
        FilterExpression: "begins_with(sk, :sk) AND attribute_exists(sweepAt)",
        ExpressionAttributeValues: { ":sk": PREFIX },
        ConsistentRead: true,
      };
      for await (const { Items = [] } of paginateScan({ client: db }, scan)) {
        pending.push(...Items.flatMap((item) => refOfKey(primaryKey.parse(item)) ?? []));
      }
      return pending;
    },

    async due(ref, before, limit) {
      const due: DeliveryRef[] = [];
      for await (const refs of dueKeys(shardOf(ref), before, ref)) {
        due.push(...refs);
        if (due.length >= limit) break;
      }
      return due.slice(0, limit);
    },
  };
}

interface Condition {
  ConditionExpression: string;
  ExpressionAttributeValues: Record<string, unknown>;
}

/** Encoded, so that no name can imitate another's key. */
function partitionOf({ tenantId, webhookId }: WebhookRef): string {
  return `TENANT#${encodeURIComponent(tenantId)}#WEBHOOK#${webhookId}`;
}

function keyOf({ deliveryId, ...ref }: DeliveryRef): { pk: string; sk: string } {
  return { pk: partitionOf(ref), sk: PREFIX + deliveryId };
}

function refOfKey({ pk, sk }: { pk: string; sk: string }): DeliveryRef | undefined {
  const [, tenantId, webhookId] = PARTITION.exec(pk) ?? [];
  if (tenantId === undefined || webhookId === undefined || !sk.startsWith(PREFIX)) return undefined;
  return { tenantId: decodeURIComponent(tenantId), webhookId, deliveryId: sk.slice(PREFIX.length) };
}

function shardOf({ webhookId }: WebhookRef): string {
  const [byte = 0] = createHash("sha256").update(webhookId).digest();
  return SHARDS[byte % SHARDS.length] ?? "";
}

/** Only pending deliveries are in the index, at the time of the next try, or of the end of the running one. */
function itemOf(delivery: Delivery): Record<string, unknown> {
  const ref = refOfDelivery(delivery);
  const sweepAt = delivery.claim?.until ?? delivery.nextAttemptAt;
  return {
    ...keyOf(ref),
    ...delivery,
    ...(delivery.status === "pending" && { sweepAt, sweepShard: shardOf(ref) }),
  };
}

const primaryKey = z.object({ pk: z.string(), sk: z.string() });
const text = z.string();
const count = z.int().check(z.nonnegative());

const stored = z.object({
  id: text,
  tenantId: text,
  webhookId: text,
  messageId: text,
  type: z.enum(WEBHOOK_TYPES),
  mediaId: z.optional(text),
  body: text,
  status: z.enum(["pending", "delivered", "failed"]),
  attempts: z.array(
    z.object({ at: text, statusCode: z.optional(count), error: z.optional(text), milliseconds: z.number() }),
  ),
  nextAttemptAt: z.optional(text),
  claim: z.optional(z.object({ at: text, until: text })),
  asked: z.optional(z.boolean()),
  createdAt: text,
  expiresAt: count,
  version: count,
});
