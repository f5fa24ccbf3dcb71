// What a list of the table cannot read, put there by hand.
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { documentClient } from "../../shared/adapters/document-client.ts";
import type { UnreadableItem } from "../../shared/adapters/readable-items.ts";

type Table = { client: Parameters<typeof documentClient>[0]; table: string };

/** Items that a list must leave out: what lists have told of, and how another version has changed one. */
export function unreadableItems() {
  const told: UnreadableItem[] = [];
  return {
    told,
    tellUnreadable: async (left: UnreadableItem) => void told.push(left),
    /** Writes fields over an item, past every schema of ours. */
    async spoil({ client, table }: Table, key: { pk: string; sk: string }, fields: Record<string, unknown>) {
      await documentClient(client).send(new PutCommand({ TableName: table, Item: { ...key, ...fields } }));
    },
  };
}
