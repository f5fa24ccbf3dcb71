// The ports that access by key needs.
import type { Instant } from "../media/instant.ts";
import type { ApiKey } from "./api-key.ts";

/** The keys. One contract suite runs over every implementation. */
export interface ApiKeys {
  /** @throws Error when another key has this id */
  add(key: ApiKey): Promise<void>;
  /** By its id alone, in one read that sees every write before it. */
  get(id: string): Promise<ApiKey | undefined>;
  /** Those of a tenant, in no order. */
  list(tenantId: string): Promise<ApiKey[]>;
  /**
   * Takes a key away for good.
   * @param tenantId the tenant it must belong to; undefined: any tenant
   * @returns what was taken away; undefined when there is no such key
   */
  remove(id: string, tenantId: string | undefined): Promise<ApiKey | undefined>;
  /** Notes when a key was used, unless it is gone, or was used since `ifBefore`. */
  noteUse(id: string, at: Instant, ifBefore: Instant): Promise<void>;
}
