// How often each event on the bus was tried, in DynamoDB beside the records: one small item each, deleted by its TTL.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import { EVENT_TRIES } from "../media/event-tries.ts";
import type { Clock, RequestTries } from "../media/ports.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";

/** EventBridge delivers for a day, Lambda then tries for six hours. */
const KEPT_SECONDS = 3 * 24 * 3600;

/** No try runs for longer than its function's 30 s (stacks/blueprint/functions.ts); Lambda makes the next a minute later. */
const UNDER_WAY_MS = 45_000;

const counted = z.object({ tries: z.int() });
const standing = z.object({ tries: z.int(), failed: z.int(), previousAt: z._default(z.number(), 0) });

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
        UpdateExpression:
          "SET expiresAt = :end, previousAt = if_not_exists(latestAt, :never), latestAt = :now ADD tries :one",
        ConditionExpression: "attribute_not_exists(refused)",
        ExpressionAttributeValues: { ":end": expiresAt(), ":never": 0, ":now": clock.now(), ":one": 1 },
        ReturnValues: "UPDATED_NEW" as const,
      };
      const written = await ignoreConflict(db.send(new UpdateCommand(count)));
      return written ? counted.parse(written.Attributes).tries : "refused";
    },

    async refuseIfLast(eventId) {
      const count = {
        ...at(eventId),
        UpdateExpression: "SET expiresAt = :end ADD failed :one",
        ExpressionAttributeValues: { ":end": expiresAt(), ":one": 1 },
        ReturnValues: "ALL_NEW" as const,
      };
      const { tries, failed, previousAt } = standing.parse((await db.send(new UpdateCommand(count))).Attributes);
      // Deliveries of one event may come at once, and a try that died has not failed here.
      const isAlone = failed >= tries || clock.now() - previousAt > UNDER_WAY_MS;
      if (tries < EVENT_TRIES || !isAlone) return false;
      const refuse = {
        ...at(eventId),
        UpdateExpression: "SET refused = :yes",
        ConditionExpression: "tries = :seen",
        ExpressionAttributeValues: { ":yes": true, ":seen": tries },
      };
      // Where one more has begun meanwhile, that one decides.
      return (await ignoreConflict(db.send(new UpdateCommand(refuse)))) !== undefined;
    },
  };
}
