// What `npm run reconcile` asks its function for, a page at a time.
import * as z from "zod/mini";

const DAYS_MAX = 90;
const DAY_MS = 24 * 3_600_000;

const time = z.iso.datetime("must be an ISO time in UTC");

/** fal tells of 90 days at once (fal docs, "Billing events"). */
export const reconcileAsked = z
  .object({
    from: time,
    to: time,
    /** `next` of the page before. */
    cursor: z.optional(z.string()),
  })
  .check(
    z.refine(({ from, to }) => from < to, { path: ["to"], message: "must be later than from" }),
    z.refine(({ from, to }) => Date.parse(to) - Date.parse(from) <= DAYS_MAX * DAY_MS, {
      path: ["to"],
      message: `must lie within ${DAYS_MAX} days of from: fal tells of no more at once`,
    }),
  );
