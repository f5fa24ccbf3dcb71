// GET /api/spending: what the caller's tenant has spent, by the price list and by fal's bill.
import * as z from "zod/mini";
import { spendingQuery } from "../../shared/contract/reading.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { spendingOf } from "../../shared/money/spending.ts";
import { clock } from "../../shared/services/clock.ts";
import { ledger } from "../../shared/services/ledger.ts";

export const handler = http(z.object({ query: spendingQuery }), async ({ query }, { caller }) => {
  const spending = await spendingOf({ ledger: ledger(), clock }, caller("read").tenantId, query);
  return reply(200, { data: { currency: "USD", ...spending } });
});
