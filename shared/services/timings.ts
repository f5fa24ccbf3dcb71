// How long generations took.
import { createDynamoTimings } from "../adapters/dynamo-timings.ts";
import { isTestMode } from "../environment.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";
import { tellUnreadable } from "./unreadable-items.ts";

export const timingsStore = lazy(() =>
  createDynamoTimings({ ...mediaTable(), series: isTestMode() ? "test" : "fal", tellUnreadable }),
);
