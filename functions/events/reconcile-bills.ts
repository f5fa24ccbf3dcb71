// fal's bill beside our books: a page of any range for an operator (`npm run reconcile`), the last days by the clock.
import * as z from "zod/mini";
import { reconcileAsked } from "../../shared/contract/reconcile.ts";
import { schedule } from "../../shared/contract/schedule.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { reconcilePage, reconcileRecent } from "../../shared/money/reconcile.ts";
import { clock } from "../../shared/services/clock.ts";
import { reconcileDeps } from "../../shared/services/reconcile-deps.ts";

/** Of the function's 900 s, with room for its last page. */
const RUN_MS = 840_000;

/** A range that is not valid is no word of the clock's. */
const byTheClock = z.extend(schedule, { from: z.optional(z.never()) });

export const handler = onEvent(z.union([reconcileAsked, byTheClock]), async (asked) =>
  asked.from !== undefined
    ? reconcilePage(reconcileDeps(), asked, asked.cursor)
    : reconcileRecent(reconcileDeps(), clock.now() + RUN_MS),
);
