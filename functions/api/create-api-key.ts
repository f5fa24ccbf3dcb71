// POST /api/keys: a key of the caller's own tenant. Its secret is in this answer and nowhere else.
import * as z from "zod/mini";
import { createKey, presentKey } from "../../shared/access/api-keys.ts";
import { createKeyRequest, keyWish } from "../../shared/contract/api-keys.ts";
import { http, reply } from "../../shared/edge/lambda.ts";
import { keyDeps } from "../../shared/services/api-keys.ts";
import { log } from "../../shared/services/log.ts";

export const handler = http(z.object({ body: createKeyRequest }), async ({ body }, { caller }) => {
  const { tenantId, userId } = caller("admin");
  const { key, bearer } = await createKey(keyDeps(), keyWish(tenantId, body));
  log().info("key created", { keyId: key.id, tenantId, scopes: key.scopes, by: userId });
  return reply(201, { data: { key: presentKey(key), secret: bearer } });
});
