// How long generations took, in DynamoDB: one small item each beside the records, which forgets itself.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { TimedKind, Timings } from "../media/ports.ts";
import { documentClient } from "./document-client.ts";
import { readableItems, type TellUnreadable } from "./readable-items.ts";

/** Older ones tell of another queue. DynamoDB's TTL deletes them for nothing. */
const KEPT_SECONDS = 90 * 24 * 3600;

/** @param series what is measured apart: a test mode's times say nothing of fal's */
export function createDynamoTimings(options: {
  client: DynamoDBClient;
  table: string;
  series: string;
  /** Of a list, what is left out. */
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
