// How long generations took, in DynamoDB: one small item each beside the records, deleted by its TTL.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { TimedKind, Timings } from "../media/ports.ts";
import { documentClient } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";

/** Older ones say little of today's queue. DynamoDB's TTL deletes them free of charge. */
const KEPT_SECONDS = 90 * 24 * 3600;

/** @param series measured separately: times of test mode say nothing about fal */
export function createDynamoTimings(options: {
  client: DynamoDBClient;
  table: string;
  series: string;
  /** Called for each item that a list leaves out. */
  tellUnreadable: TellUnreadable;
}): Timings {
  const { client, table, series, tellUnreadable } = options;
  const db = documentClient(client);
  const partition = ({ model, mode }: TimedKind) => `TIMINGS#${series}#${model}#${mode}`;

  return {
    async add(kind, { mediaId, at, duration, seconds }) {
      const expiresAt = Math.floor(Date.parse(at) / 1000) + KEPT_SECONDS;
      const Item = { pk: partition(kind), sk: `${at}#${mediaId}`, duration, seconds, expiresAt };
      await db.send(new PutCommand({ TableName: table, Item }));
    },

    async latest(kind, limit) {
      const { Items = [] } = await db.send(
        new QueryCommand({
          TableName: table,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": partition(kind) },
          ScanIndexForward: false,
          Limit: limit,
        }),
      );
      return readableItems(Items, timingItem, tellUnreadable);
    },
  };
}

const timingItem = z.object({ duration: z.string(), seconds: z.number() });
