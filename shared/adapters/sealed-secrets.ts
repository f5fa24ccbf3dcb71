// Tenants' secrets that we have to use again: stored encrypted, each bound to its owner.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { SealedSecrets } from "../webhooks/ports.ts";
import type { WebhookRef } from "../webhooks/webhook.ts";

const CIPHER = "aes-256-gcm";
const KEY_BYTES = 32;
/** NIST SP 800-38D, section 8.2: 96 bits; at random they suffice for 2^32 secrets under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** The version of the format, in case it ever changes. */
const VERSION = "v1";

/** The port `SealedSecrets`: AES-256-GCM, bound to the webhook, so that a secret copied to another item cannot be decrypted. */
export function createSealedSecrets(sealSecret: string): SealedSecrets {
  const key = Buffer.from(hkdfSync("sha256", sealSecret, "", "secrets of webhooks", KEY_BYTES));
  return {
    seal(secret, of) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(boundTo(of));
      const sealed = Buffer.concat([nonce, cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${sealed.toString("base64url")}`;
    },
    open(sealed, of) {
      const [version, text = ""] = sealed.split(".");
      const bytes = Buffer.from(text, "base64url");
      if (version !== VERSION || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error("This is no sealed secret.");
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(of)).setAuthTag(bytes.subarray(-TAG_BYTES));
      const secret = decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([secret, decipher.final()]).toString();
    },
  };
}

/** As JSON, so that no name can imitate the border between two. */
function boundTo({ tenantId, webhookId }: WebhookRef): Buffer {
  return Buffer.from(JSON.stringify([tenantId, webhookId]));
}
