// The keys of callers.
import { createDynamoApiKeys } from "../adapters/dynamo-api-keys.ts";
import { clock } from "./clock.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";
import { tellUnreadable } from "./unreadable-items.ts";

export const keyDeps = lazy(() => ({ keys: createDynamoApiKeys({ ...mediaTable(), tellUnreadable }), clock }));
