// GET /health: that the API answers, and whether it runs in test mode.
import * as z from "zod/mini";
import { isTestMode } from "../../shared/environment.ts";
import { http, reply } from "../../shared/edge/lambda.ts";

export const handler = http(z.object({}), async () => reply(200, { status: "ok", testMode: isTestMode() }));
