// The records.
import { createDynamoMediaRecords } from "../adapters/dynamo-media-records.ts";
import { clock } from "./clock.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";

export const mediaRecords = lazy(() => createDynamoMediaRecords({ ...mediaTable(), clock }));
