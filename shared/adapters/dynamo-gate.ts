// The gate in DynamoDB: the item of the deployment's account has the kill switch, and beside it what is known of our account at fal.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import * as z from "zod/mini";
import type { Gate } from "../media/ports.ts";
import { HOLD_CODES } from "../media/provider-account.ts";
import { documentClient, ignoreConflict } from "./document-client.ts";
import { UpdateExpression } from "./update-expression.ts";

/** As dynamo-budget.ts has it. */
const KEY = { pk: "BUDGET", sk: "BUDGET" };

/** The port `Gate` over the table of the records. */
export function createDynamoGate({ client, table }: { client: DynamoDBClient; table: string }): Gate {
  const db = documentClient(client);
  return {
    async read() {
      const { Item } = await db.send(
        new GetCommand({
          TableName: table,
          Key: KEY,
          ConsistentRead: true,
          ProjectionExpression: "stopped, providerAccount",
        }),
      );
      const { stopped, providerAccount } = gateItem.parse(Item ?? {});
      return { stopped, account: providerAccount };
    },

    async write(seen, { hold, outbox }) {
      const update = new UpdateExpression().set("providerAccount", { version: seen.version + 1, hold, outbox });
      if (seen.version === 0) update.requireAbsent("providerAccount");
      else update.require(["providerAccount", "version"], "=", seen.version);
      return (
        (await ignoreConflict(db.send(new UpdateCommand({ TableName: table, Key: KEY, ...update.build() })))) !==
        undefined
      );
    },
  };
}

const text = z.string();
const code = z.enum(HOLD_CODES);

const providerAccount = z.object({
  version: z.int(),
  hold: z.optional(z.object({ code, since: text, probeAt: text })),
  outbox: z.array(
    z.object({
      id: text,
      type: z.enum(["Provider Account Held", "Provider Account Released"]),
      code,
      since: text,
      at: text,
    }),
  ),
});

const gateItem = z.object({
  stopped: z._default(z.boolean(), false),
  providerAccount: z._default(providerAccount, { version: 0, outbox: [] }),
});
