// The books in DynamoDB, beside the records: one small item for each job that fal accepted, one more for each that was delivered.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { createHash } from "node:crypto";
import * as z from "zod/mini";
import type { AcceptedRequest, Ledger, SpendingLine } from "../money/ledger.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { UpdateExpression } from "./update-expression.ts";

export interface DynamoLedgerOptions {
  client: DynamoDBClient;
  table: string;
}

/** fal tells of the bills of 90 days at once (fal docs, "Billing events"): twice that, and nothing older is ever asked for. */
const KEPT_SECONDS = 180 * 24 * 3600;

/** In the sweeper's index, apart from the records: what was delivered and has no bill. One partition takes 1,000 writes a second. */
const SHARDS = Array.from({ length: 4 }, (_, n) => `BILLS#${n}`);
const REQUEST = "REQUEST";

/** The port `Ledger` over the table of the records (keys and index: stacks/blueprint/tables.ts). */
export function createDynamoLedger({ client, table }: DynamoLedgerOptions): Ledger {
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
      await update(lineKey(line), new UpdateExpression().change({ ...line, ...open }).requireAbsent("pk"));
    },
  };
}

interface Key {
  pk: string;
  sk: string;
}

function requestKey(requestId: string): Key {
  return { pk: `REQUEST#${requestId}`, sk: REQUEST };
}

/** Encoded, so that no name can imitate another's key. By the time of the acceptance, which no later write changes. */
function lineKey({ tenantId, at, requestId }: Pick<SpendingLine, "tenantId" | "at" | "requestId">): Key {
  return { pk: `TENANT#${encodeURIComponent(tenantId)}#SPENDING`, sk: `${at}#${requestId}` };
}

function shardOf(requestId: string): string {
  const [byte = 0] = createHash("sha256").update(requestId).digest();
  return SHARDS[byte % SHARDS.length] ?? "";
}

const text = z.string();
const nano = z.int();
const job = { tenantId: text, spaceId: text, mediaId: text, requestId: text, at: text, estimatedNanoUsd: nano };

const acceptedItem: z.ZodMiniType<AcceptedRequest> = z.object({ ...job, orphan: z.optional(z.literal(true)) });
