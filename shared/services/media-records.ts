// The records.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoMediaRecords } from "../adapters/dynamo-media-records.ts";
import { linkedName } from "../environment.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

export const mediaRecords = lazy(() =>
  createDynamoMediaRecords({ client: new DynamoDBClient(AWS_CLIENT), table: linkedName("Media"), clock }),
);
