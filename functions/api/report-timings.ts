// GET /api/timings: how long generations have taken here, by model, mode and duration.
import * as z from "zod/mini";
import { http, reply } from "../../shared/edge/lambda.ts";
import { timings } from "../../shared/media/timings.ts";
import { offeredModels } from "../../shared/services/offered-models.ts";
import { timingsStore } from "../../shared/services/timings.ts";

export const handler = http(z.object({}), async (_, { caller }) => {
  caller("read");
  return reply(200, { data: { timings: await timings({ timings: timingsStore() }, offeredModels()) } });
});
