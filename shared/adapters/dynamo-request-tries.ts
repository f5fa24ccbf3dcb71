// How often each event on the bus was tried, in DynamoDB beside the records: one small item each, deleted by its TTL.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { Clock, RequestTries } from "../media/ports.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";

/** EventBridge delivers for a day, Lambda then tries for six hours. */
const KEPT_SECONDS = 3 * 24 * 3600;

const counted = z.object({ tries: z.int() });

/** The port `RequestTries` over the table of the records. */
export function createDynamoRequestTries(options: {
  client: DynamoDBClient;
  table: string;
  clock: Pick<Clock, "now">;
}): RequestTries {
  const { client, table, clock } = options;
  const db = documentClient(client);
  const at = (eventId: string) => ({ TableName: table, Key: { pk: `EVENT#${eventId}`, sk: "TRIES" } });
  const expiresAt = () => Math.floor(clock.now() / 1000) + KEPT_SECONDS;

  return {
    async begin(eventId) {
      const count = {
        ...at(eventId),
        UpdateExpression: "SET expiresAt = :end ADD tries :one",
        ConditionExpression: "attribute_not_exists(refused)",
        ExpressionAttributeValues: { ":end": expiresAt(), ":one": 1 },
        ReturnValues: "UPDATED_NEW" as const,
      };
      const written = await ignoreConflict(db.send(new UpdateCommand(count)));
      return written ? counted.parse(written.Attributes).tries : "refused";
    },

    async refuse(eventId) {
      const update = {
        ...at(eventId),
        UpdateExpression: "SET expiresAt = :end, refused = :yes",
        ExpressionAttributeValues: { ":end": expiresAt(), ":yes": true },
      };
      await db.send(new UpdateCommand(update));
    },
  };
}
