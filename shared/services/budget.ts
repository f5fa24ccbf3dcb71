// The accounts that spending is held against.
import { createDynamoBudget } from "../adapters/dynamo-budget.ts";
import { clock } from "./clock.ts";
import { mediaTable } from "./dynamodb.ts";
import { lazy } from "./lazy.ts";

export const budget = lazy(() => createDynamoBudget({ ...mediaTable(), clock }));
