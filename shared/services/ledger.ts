// The books.
import { createDynamoLedger } from "../adapters/dynamo-ledger.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";
import { tellUnreadable } from "./unreadable-items.ts";

export const ledger = lazy(() => createDynamoLedger({ ...mediaTable(), tellUnreadable }));
