// An operator's call (`npm run redrive`): a video that could not be stored is fetched again.
import * as z from "zod/mini";
import { onEvent } from "../../shared/edge/lambda.ts";
import { redriveGeneration } from "../../shared/generation/redrive.ts";
import { moveDeps } from "../../shared/services/move-deps.ts";
import { spendingLimits } from "../../shared/services/spending-limits.ts";
import { workflow } from "../../shared/services/workflow.ts";

export const handler = onEvent(z.object({ mediaId: z.string().check(z.minLength(1)) }), async ({ mediaId }) => {
  const deps = { ...moveDeps(), workflow: workflow(), limits: spendingLimits() };
  const { tenantId, spaceId, phase } = await redriveGeneration(deps, mediaId);
  return { mediaId, tenantId, spaceId, phase };
});
