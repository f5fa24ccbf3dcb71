// What access by key needs from outside.
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
   * @param tenantId only if it is this tenant's; undefined: whoever's it is
   * @returns what was taken away; undefined when there is no such key
   */
  remove(id: string, tenantId: string | undefined): Promise<ApiKey | undefined>;
  /** Notes when a key was used, unless it is gone, or was used since `ifBefore`. */
  noteUse(id: string, at: Instant, ifBefore: Instant): Promise<void>;
}
