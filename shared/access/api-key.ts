// What a key is, and under which item of the table it is stored.
import { createHash } from "node:crypto";
import type { Instant } from "../media/instant.ts";

/** No scope includes another. */
export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export const DEFAULT_SCOPES: readonly Scope[] = ["read", "write"];

export interface ApiKey {
  /** 20 hexadecimal digits, the first 8 made of the tenant. */
  id: string;
  tenantId: string;
  /** What its owner calls it. */
  name: string;
  scopes: readonly Scope[];
  /** SHA-256, hexadecimal. 256 random bits cannot be guessed: a slow hash would defend nothing. */
  secretHash: string;
  /** Mills that may be committed with it in a calendar month, UTC. */
  monthlyCapMills?: number | undefined;
  createdAt: Instant;
  expiresAt?: Instant | undefined;
  /** To the hour. */
  lastUsedAt?: Instant | undefined;
}

export const KEY_ID = /^[0-9a-f]{20}$/;
const PARTITION_DIGITS = 8;

/** The partition that holds all keys of a tenant. */
export function keyPartition(tenantId: string): string {
  return createHash("sha256").update(tenantId).digest("hex").slice(0, PARTITION_DIGITS);
}

/** The same partition, read from a key's id. */
export function partitionOfId(id: string): string {
  return id.slice(0, PARTITION_DIGITS);
}
