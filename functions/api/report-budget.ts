// GET /api/budget: what the caller's tenant may still spend and start, before it tries.
import * as z from "zod/mini";
import { http, reply } from "../../shared/edge/lambda.ts";
import { quotaOf } from "../../shared/money/quota.ts";
import { budget } from "../../shared/services/budget.ts";
import { clock } from "../../shared/services/clock.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";
import { spendingLimits } from "../../shared/services/spending-limits.ts";

export const handler = http(z.object({}), async (_, { caller }) => {
  const deps = { budget: budget(), limits: spendingLimits(), clock, offered: offeredModels() };
  const quota = await quotaOf(deps, caller("read"));
  return reply(200, { data: { currency: "USD", ...quota } });
});
