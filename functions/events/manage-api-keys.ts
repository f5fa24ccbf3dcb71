// An operator's call (`npm run api-key`): makes, lists and revokes keys, of any tenant.
import { createKey, listKeys, presentKey, revokeKey } from "../../shared/access/api-keys.ts";
import { keyOperation, keyWish } from "../../shared/contract/api-keys.ts";
import { onEvent } from "../../shared/edge/lambda.ts";
import { keyDeps } from "../../shared/services/api-keys.ts";
import { log } from "../../shared/services/log.ts";

export const handler = onEvent(keyOperation, async (asked) => {
  switch (asked.action) {
    case "create": {
      const { key, bearer } = await createKey(keyDeps(), keyWish(asked.tenantId, asked));
      log().info("key created", { keyId: key.id, tenantId: key.tenantId, scopes: key.scopes, by: "an operator" });
      return { key: presentKey(key), secret: bearer };
    }
    case "list":
      return { items: (await listKeys(keyDeps(), asked.tenantId)).map(presentKey) };
    case "revoke": {
      const { id: keyId, tenantId, name, lastUsedAt } = await revokeKey(keyDeps(), asked.id);
      log().info("key revoked", { keyId, tenantId, lastUsedAt, by: "an operator" });
      return { id: keyId, tenantId, name };
    }
  }
});
