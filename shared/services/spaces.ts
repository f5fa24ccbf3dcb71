// The spaces of a tenant.
import { createDynamoSpaces } from "../adapters/dynamo-spaces.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";
import { tellUnreadable } from "./unreadable-items.ts";

export const spaces = lazy(() => createDynamoSpaces({ ...mediaTable(), tellUnreadable }));
