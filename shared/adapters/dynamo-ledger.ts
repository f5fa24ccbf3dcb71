// The books in DynamoDB, beside the records: one small item for each job that fal accepted, one more for each that was delivered.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, paginateQuery, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import { InvalidCursorError, type AcceptedRequest, type Ledger, type SpendingLine } from "../money/ledger.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";
import { UpdateExpression } from "./update-expression.ts";

export interface DynamoLedgerOptions {
  client: DynamoDBClient;
  table: string;
  tellUnreadable: TellUnreadable;
}

/** fal tells of the bills of 90 days at once (fal docs, "Billing events"): twice that, and nothing older is ever asked for. */
const KEPT_SECONDS = 180 * 24 * 3600;

/** In the sweeper's index, apart from the records: what was delivered and has no bill. One partition takes 1,000 writes a second. */
const SHARDS = Array.from({ length: 4 }, (_, n) => `BILLS#${n}`);
/** Each of them is read, and asked for at fal. */
const UNBILLED_PAGE = 200;
/** Longer than the bus may take to be told. */
const TELLING_MS = 5 * 60_000;

/** The port `Ledger` over the table of the records (keys and index: stacks/blueprint/tables.ts). */
export function createDynamoLedger({ client, table, tellUnreadable }: DynamoLedgerOptions): Ledger {
  const db = documentClient(client);

  async function read<T>(Key: Key, schema: z.ZodMiniType<T>): Promise<T | undefined> {
    const { Item } = await db.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
    return Item && schema.parse(Item);
  }

  /** @returns whether the condition held */
  async function update(Key: Key, change: UpdateExpression): Promise<boolean> {
    const written = await ignoreConflict(db.send(new UpdateCommand({ TableName: table, Key, ...change.build() })));
    return written !== undefined;
  }

  return {
    async accept(request) {
      const key = requestKey(request.requestId);
      const expiresAt = Math.floor(Date.parse(request.at) / 1000) + KEPT_SECONDS;
      const written = await update(key, new UpdateExpression().change({ ...request, expiresAt }).requireAbsent("pk"));
      return written ? request : ((await read(key, acceptedItem)) ?? request);
    },

    find: (requestId) => read(requestKey(requestId), acceptedItem),

    claimCancel: (requestId) =>
      update(
        requestKey(requestId),
        new UpdateExpression().set("cancelClaimed", true).requireExists("pk").requireAbsent("cancelClaimed"),
      ),

    async releaseCancel(requestId) {
      await update(requestKey(requestId), new UpdateExpression().remove("cancelClaimed").requireExists("pk"));
    },

    async deliver(line) {
      const open = { sweepAt: line.deliveredAt, sweepShard: shardOf(line.requestId) };
      await update(lineKey(line), new UpdateExpression().change({ ...line, ...open }).requireAbsent("deliveredAt"));
    },

    line: (request) => read(lineKey(request), lineItem),

    async bill(line) {
      await update(
        lineKey(line),
        new UpdateExpression().change({ ...line, sweepAt: undefined, sweepShard: undefined }),
      );
    },

    async unbilled({ from, to }, cursor) {
      const { shard, after } = cursor === undefined ? { shard: 0 } : readCursor(cursor);
      const query = {
        TableName: table,
        IndexName: "sweep",
        KeyConditionExpression: "sweepShard = :shard AND sweepAt BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":shard": SHARDS[shard], ":from": from, ":to": to },
        ExclusiveStartKey: after,
        Limit: UNBILLED_PAGE,
      };
      const { Items = [], LastEvaluatedKey } = await db.send(new QueryCommand(query));
      const keys = Items.map((item) => indexedKey.parse(item)).filter(({ sweepAt }) => sweepAt < to);
      const lines = await Promise.all(keys.map(({ pk, sk }) => read({ pk, sk }, lineItem)));
      const place = LastEvaluatedKey ? { shard, after: indexedKey.parse(LastEvaluatedKey) } : { shard: shard + 1 };
      return {
        lines: lines.filter((line) => line !== undefined),
        ...(place.shard < SHARDS.length && { next: cursorOf(place) }),
      };
    },

    async *lines(tenantId, { from, to }) {
      // DynamoDB refuses a range that ends before it begins.
      if (from >= to) return;
      const query = {
        TableName: table,
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        // An instant is the beginning of no other one's key, so that `to` itself stays outside.
        ExpressionAttributeValues: { ":pk": spendingPartition(tenantId), ":from": from, ":to": to },
      };
      for await (const { Items = [] } of paginateQuery({ client: db }, query)) {
        yield await readableItems(Items, lineItem, tellUnreadable);
      }
    },

    async claimTelling(requestId, kind, nowMs) {
      const claim = {
        TableName: table,
        Key: tellingKey(requestId, kind),
        UpdateExpression: "SET claimedAt = :now, expiresAt = :end",
        // A process that died between its claim and its word has another tell it.
        ConditionExpression: "attribute_not_exists(pk) OR (attribute_not_exists(told) AND claimedAt < :stale)",
        ExpressionAttributeValues: {
          ":now": nowMs,
          ":stale": nowMs - TELLING_MS,
          ":end": Math.floor(nowMs / 1000) + KEPT_SECONDS,
        },
      };
      return (await ignoreConflict(db.send(new UpdateCommand(claim)))) !== undefined;
    },

    async told(requestId, kind) {
      await update(tellingKey(requestId, kind), new UpdateExpression().set("told", true));
    },
  };
}

interface Key {
  pk: string;
  sk: string;
}

function requestKey(requestId: string): Key {
  return { pk: `REQUEST#${requestId}`, sk: "REQUEST" };
}

/** Encoded, so that no name can imitate another's key. By the time of the acceptance, which no later write changes. */
function lineKey({ tenantId, at, requestId }: Pick<SpendingLine, "tenantId" | "at" | "requestId">): Key {
  return { pk: spendingPartition(tenantId), sk: `${at}#${requestId}` };
}

function spendingPartition(tenantId: string): string {
  return `TENANT#${encodeURIComponent(tenantId)}#SPENDING`;
}

function tellingKey(requestId: string, kind: string): Key {
  return { pk: `REQUEST#${requestId}`, sk: `UNMATCHED#${kind}` };
}

function shardOf(requestId: string): string {
  const [byte = 0] = createHash("sha256").update(requestId).digest();
  return SHARDS[byte % SHARDS.length] ?? "";
}

const text = z.string();
const nano = z.int();
const job = { tenantId: text, spaceId: text, mediaId: text, requestId: text, at: text, estimatedNanoUsd: nano };

const acceptedItem: z.ZodMiniType<AcceptedRequest> = z.object({ ...job, orphan: z.optional(z.literal(true)) });
const lineItem: z.ZodMiniType<SpendingLine> = z.object({
  ...job,
  deliveredAt: z.optional(text),
  billedNanoUsd: z.optional(nano),
});

const indexedKey = z.object({ pk: text, sk: text, sweepShard: text, sweepAt: text });
/** Where the unbilled go on: in which shard, and after which of its entries. */
const place = z.object({ shard: z.int().check(z.nonnegative()), after: z.optional(indexedKey) });

function cursorOf(at: z.infer<typeof place>): string {
  return Buffer.from(JSON.stringify(at)).toString("base64url");
}

/** @throws InvalidCursorError */
function readCursor(cursor: string): z.infer<typeof place> {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, "base64url").toString()));
  } catch {
    throw new InvalidCursorError();
  }
}
