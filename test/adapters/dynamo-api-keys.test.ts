// The keys on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe, expect, it } from "vitest";
import { createKey, keyOf } from "../../shared/access/api-keys.ts";
import { createDynamoApiKeys } from "../../shared/adapters/dynamo-api-keys.ts";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { unreadableItems } from "../support/unreadable-items.ts";
import { apiKeysContract } from "./api-keys.contract.ts";

describe("the keys on dynalite", () => apiKeysContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the keys on ${endpoint}`, () => apiKeysContract(() => dynamoDbAt(endpoint ?? "")));

it("a key is made though the answer to its write was lost", async () => {
  let lost = 0;
  const loses = (operation: string) => operation === "PutItem" && lost++ === 0;
  const deps = {
    keys: createDynamoApiKeys({ ...(await inMemoryDynamoDb({ loses })), ...unreadableItems() }),
    clock: new ManualClock(),
  };
  const { key, bearer } = await createKey(deps, { tenantId: "acme", name: "shop" });
  expect(lost).toBe(2);
  expect(await keyOf(deps, bearer)).toMatchObject({ id: key.id });
});
