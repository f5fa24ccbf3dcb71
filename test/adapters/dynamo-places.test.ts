// fal's places on dynalite always, and on any DynamoDB that DYNAMODB_ENDPOINT names.
import { describe } from "vitest";
import { dynamoDbAt, inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { placesContract } from "./places.contract.ts";

describe("fal's places on dynalite", () => placesContract(inMemoryDynamoDb));

const endpoint = process.env["DYNAMODB_ENDPOINT"];
describe.runIf(endpoint)(`fal's places on ${endpoint}`, () => placesContract(() => dynamoDbAt(endpoint ?? "")));
