// The books on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe } from "vitest";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ledgerContract } from "./ledger.contract.ts";

describe("the books on dynalite", () => ledgerContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`the books on ${endpoint}`, () => ledgerContract(() => dynamoDbAt(endpoint ?? "")));
