// The one client of the table: everything that reads or writes it shares a connection, and at a cold start one TLS handshake.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { linkedName } from "../linked.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

export const mediaTable = lazy(() => ({ client: new DynamoDBClient(AWS_CLIENT), table: linkedName("Media") }));
