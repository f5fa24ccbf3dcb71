// How long generations took.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoTimings } from "../adapters/dynamo-timings.ts";
import { isTestMode, linkedName } from "../environment.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

export const timingsStore = lazy(() =>
  createDynamoTimings({
    client: new DynamoDBClient(AWS_CLIENT),
    table: linkedName("Media"),
    series: isTestMode() ? "test" : "fal",
  }),
);
