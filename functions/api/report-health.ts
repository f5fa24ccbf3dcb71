// GET /health: that the API answers, whether it runs in test mode, and whether fal takes its jobs.
import * as z from "zod/mini";
import { isTestMode } from "../../shared/environment.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { gate } from "../../shared/services/gate.ts";

export const handler = http(z.object({}), async () => {
  const { account } = await gate().read();
  return reply(200, { status: "ok", testMode: isTestMode(), provider: account.hold ? "held" : "ok" });
});
