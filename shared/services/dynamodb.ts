// The one client of the table: whatever reads and writes it shares a connection, and at a cold start one TLS handshake.
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { linkedName } from "../environment.ts";
import { AWS_CLIENT } from "./aws-client.ts";
import { lazy } from "./lazy.ts";

/** Its adapters give the document client one and the same options: it keeps them in the client that they share. */
export const mediaTable = lazy(() => ({ client: new DynamoDBClient(AWS_CLIENT), table: linkedName("Media") }));
