// The webhooks on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe } from "vitest";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { webhooksContract } from "./webhooks.contract.ts";

describe("the webhooks on dynalite", () => webhooksContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the webhooks on ${endpoint}`, () => webhooksContract(() => dynamoDbAt(endpoint ?? "")));
