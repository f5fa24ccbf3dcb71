// The dependencies of announcing a refused request.
import { createDynamoRequestTries } from "../adapters/dynamo-request-tries.ts";
import type { RefusalDeps } from "../media/refusal.ts";
import { clock } from "./clock.ts";
import { mediaTable } from "./dynamodb.ts";
import { announcements } from "./event-bus.ts";
import { lazy } from "./lazy.ts";

export const refusalDeps = lazy((): RefusalDeps => ({
  tries: createDynamoRequestTries({ ...mediaTable(), clock }),
  announcements,
  clock,
}));
