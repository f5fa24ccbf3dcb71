// The accounts that spending is held against.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createDynamoBudget } from "../adapters/dynamo-budget.ts";
import { linkedName } from "../environment.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { clock } from "./clock.ts";
import { lazy } from "./lazy.ts";

export const budget = lazy(() =>
  createDynamoBudget({ client: new DynamoDBClient(AWS_CLIENT), table: linkedName("Media"), clock }),
);
