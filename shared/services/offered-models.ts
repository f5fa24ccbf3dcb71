// What this deployment offers of the catalogue.
import { setting } from "../environment.ts";
import { offeredRows } from "../kling/catalogue.ts";
import { lazy } from "./lazy.ts";

export const offeredModels = lazy(() => offeredRows(setting("MODELS")));
