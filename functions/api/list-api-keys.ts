// GET /api/keys: the keys of the caller's own tenant, the newest first, without their secrets.
import * as z from "zod/mini";
import { listKeys, presentKey } from "../../shared/access/api-keys.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { keyDeps } from "../../shared/services/api-keys.ts";

export const handler = http(z.object({}), async (_, { caller }) => {
  const keys = await listKeys(keyDeps(), caller("admin").tenantId);
  return reply(200, { data: { items: keys.map(presentKey) } });
});
