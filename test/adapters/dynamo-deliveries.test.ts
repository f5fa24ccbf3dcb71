// The deliveries on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe, expect, it } from "vitest";
import { createDynamoDeliveries } from "../../shared/adapters/dynamo-deliveries.ts";
import { claimed, newDelivery } from "../../shared/webhooks/delivery.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { unreadableItems } from "../support/unreadable-items.ts";
import { deliveriesContract } from "./deliveries.contract.ts";

describe("the deliveries on dynalite", () => deliveriesContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the deliveries on ${endpoint}`, () => deliveriesContract(() => dynamoDbAt(endpoint ?? "")));

it("a delivery is claimed though the answer to its write was lost", async () => {
  let lost = 0;
  const loses = (operation: string) => operation === "PutItem" && lost++ === 1;
  const deliveries = createDynamoDeliveries({
    ...(await inMemoryDynamoDb({ loses })),
    clock: new ManualClock(),
    ...unreadableItems(),
  });
  const at = "2026-01-01T00:00:00.000Z";
  const message = { id: "m:completed", type: "generation.completed" as const, at, body: "{}" };
  const delivery = newDelivery({ tenantId: "acme", webhookId: "shop" }, message, Date.parse(at));
  await deliveries.add(delivery);
  expect(await deliveries.save(claimed(delivery, Date.parse(at)))).toMatchObject({ version: 1 });
});
