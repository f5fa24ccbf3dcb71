// The gate on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe } from "vitest";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { gateContract } from "./gate.contract.ts";

describe("the gate on dynalite", () => gateContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the gate on ${endpoint}`, () => gateContract(() => dynamoDbAt(endpoint ?? "")));
