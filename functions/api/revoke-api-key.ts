// DELETE /api/keys/{id}: revokes a key of the caller's own tenant, which is refused within a minute.
import * as z from "zod/mini";
import { revokeKey } from "../../shared/access/api-keys.ts";
import { keyPath } from "../../shared/contract/api-keys.ts";
import { http } from "../../shared/edge/lambda.ts";
import { keyDeps } from "../../shared/services/api-keys.ts";
import { log } from "../../shared/services/log.ts";

export const handler = http(z.object({ path: keyPath }), async ({ path }, { caller }) => {
  const { tenantId, userId } = caller("admin");
  const { id: keyId, lastUsedAt } = await revokeKey(keyDeps(), path.id, tenantId);
  log().info("key revoked", { keyId, tenantId, lastUsedAt, by: userId });
  return { statusCode: 204, headers: { "cache-control": "no-store" } };
});
