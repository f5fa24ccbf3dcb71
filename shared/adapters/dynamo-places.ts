// fal's places in DynamoDB: one small item, of a hundred bytes for each place that is taken.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { Places } from "../media/ports.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { UpdateExpression } from "./update-expression.ts";

const KEY = { pk: "PLACES", sk: "PLACES" };

interface DynamoPlacesOptions {
  client: DynamoDBClient;
  table: string;
  limit: number;
}

/** The port `Places` over the table of the records. */
export function createDynamoPlaces({ client, table, limit }: DynamoPlacesOptions): Places {
  const db = documentClient(client);
  return {
    limit,

    async read() {
      const { Item } = await db.send(new GetCommand({ TableName: table, Key: KEY, ConsistentRead: true }));
      return placesItem.parse(Item ?? { version: 0, by: {} });
    },

    async write({ version }, { by, turn }) {
      const update = new UpdateExpression().change({ version: version + 1, by, turn });
      if (version === 0) update.requireAbsent("version");
      else update.require("version", "=", version);
      const written = db.send(new UpdateCommand({ TableName: table, Key: KEY, ...update.build() }));
      return (await ignoreConflict(written)) !== undefined;
    },
  };
}

const text = z.string();
const placesItem = z.object({
  version: z.int(),
  by: z.record(text, z.object({ tenantId: text, spaceId: text, at: text })),
  turn: z.optional(text),
});
