// The table's client in plain JavaScript values, made in one way for all who use the table.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";

/**
 * `from` writes its options into the client that it is given (lib-dynamodb 3.1162): of two with options of their own,
 * made of one client, both would have those of the later.
 */
export function documentClient(client: DynamoDBClient): DynamoDBDocumentClient {
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}
