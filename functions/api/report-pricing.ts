// GET /api/pricing: what a generation costs, before it is started.
import * as z from "zod/mini";
import { http, reply } from "../../shared/edge/lambda.ts";
import { prices } from "../../shared/kling/price.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";

export const handler = http(z.object({}), async () =>
  reply(200, { data: { currency: "USD", prices: prices(offeredModels()) } }),
);
