// An operator's call (`npm run kill-switch`): from this write on starts and submits are stopped, or allowed again.
import * as z from "zod/mini";
import { onEvent } from "../../shared/edge/lambda.ts";
import { budget } from "../../shared/services/budget.ts";

export const handler = onEvent(z.object({ stopped: z.boolean() }), async ({ stopped }) => {
  await budget().stop(stopped);
  return { stopped };
});
