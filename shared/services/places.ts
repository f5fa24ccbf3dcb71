// fal's places, where FAL_CONCURRENCY says how many there are.
import { createDynamoPlaces } from "../adapters/dynamo-places.ts";
import { setting } from "../environment.ts";
import type { Places } from "../media/ports.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";

export const places = lazy((): Places | undefined => {
  const limit = setting("FAL_CONCURRENCY");
  return limit === undefined ? undefined : createDynamoPlaces({ ...mediaTable(), limit });
});
