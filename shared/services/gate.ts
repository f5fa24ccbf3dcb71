// What every submit passes: the kill switch, and what is known of our account at fal.
import { createDynamoGate } from "../adapters/dynamo-gate.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";

export const gate = lazy(() => createDynamoGate(mediaTable()));
