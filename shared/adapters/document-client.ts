// How the table's adapters speak to DynamoDB: in plain objects, where undefined means absent.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/**
 * The only place that makes one: a document client keeps its settings in the config of the client below it (lib-dynamodb
 * 3.1162, `DynamoDBDocumentClient`), so of two over one client the later decides for both.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
