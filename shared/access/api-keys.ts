// Keys: 256 random bits that are shown once and stored as a hash. A key belongs to one tenant and may do what its scopes allow.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { instant } from "../media/instant.ts";
import type { Clock } from "../media/ports.ts";
import { DEFAULT_SCOPES, KEY_ID, keyPartition, SCOPES, type ApiKey, type Scope } from "./api-key.ts";
import { KeyNotFoundError, TooManyKeysError } from "./errors.ts";
import type { ApiKeys } from "./ports.ts";

export interface KeyWish {
  tenantId: string;
  name: string;
  scopes?: readonly Scope[] | undefined;
  expiresInDays?: number | undefined;
  monthlyCapMills?: number | undefined;
}

interface KeyDeps {
  keys: ApiKeys;
  clock: Pick<Clock, "now">;
}

/** `km_<id>_<secret>`: the prefix is what scanners of published code look for. One spelling each, so that an altered key is another. */
const BEARER = /^km_([0-9a-f]{20})_([0-9a-f]{64})$/;

const DAY_MS = 24 * 3600 * 1000;
/** Recording a use is a write: at most one an hour for each key. */
const USE_NOTED_EVERY_MS = 3600 * 1000;
/** So many fit into one answer, and into one page of the table. */
const MOST_KEYS = 500;

/**
 * Makes a key. Its bearer is in this answer and nowhere else.
 * @throws TooManyKeysError
 */
export async function createKey({ keys, clock }: KeyDeps, wish: KeyWish): Promise<{ key: ApiKey; bearer: string }> {
  const { tenantId, name, scopes = DEFAULT_SCOPES, expiresInDays, monthlyCapMills } = wish;
  if ((await keys.list(tenantId)).length >= MOST_KEYS) throw new TooManyKeysError(MOST_KEYS);
  const now = clock.now();
  const id = keyPartition(tenantId) + randomBytes(6).toString("hex");
  const secret = randomBytes(32).toString("hex");
  const key: ApiKey = {
    id,
    tenantId,
    name,
    scopes: SCOPES.filter((scope) => scopes.includes(scope)),
    secretHash: sha256(secret),
    monthlyCapMills,
    createdAt: instant(now),
    expiresAt: expiresInDays === undefined ? undefined : instant(now + expiresInDays * DAY_MS),
  };
  await keys.add(key);
  return { key, bearer: `km_${id}_${secret}` };
}

/** The keys of a tenant, expired ones included, the newest first. */
export async function listKeys({ keys }: Pick<KeyDeps, "keys">, tenantId: string): Promise<ApiKey[]> {
  return (await keys.list(tenantId)).sort((one, other) => (one.createdAt < other.createdAt ? 1 : -1));
}

/**
 * Takes a key away.
 * @param tenantId whose key it must be; undefined: an operator's call, for any
 * @throws KeyNotFoundError
 */
export async function revokeKey({ keys }: Pick<KeyDeps, "keys">, id: string, tenantId?: string): Promise<ApiKey> {
  const removed = KEY_ID.test(id) ? await keys.remove(id, tenantId) : undefined;
  if (!removed) throw new KeyNotFoundError();
  return removed;
}

/** Whether a bearer looks like a key of ours, right or wrong. */
export function isKey(bearer: string): boolean {
  return bearer.startsWith("km_");
}

/** The key that a bearer proves, if it is right and has not expired: one read. */
export async function keyOf({ keys, clock }: KeyDeps, bearer: string): Promise<ApiKey | undefined> {
  const [, id, secret] = BEARER.exec(bearer) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  const key = await keys.get(id);
  if (!key || !sameHash(key.secretHash, sha256(secret))) return undefined;
  return key.expiresAt !== undefined && Date.parse(key.expiresAt) <= clock.now() ? undefined : key;
}

/** Records that a key is in use, unless that was recorded within the hour. */
export async function noteUse({ keys, clock }: KeyDeps, { id, lastUsedAt }: ApiKey): Promise<void> {
  const now = clock.now();
  if (lastUsedAt !== undefined && Date.parse(lastUsedAt) >= now - USE_NOTED_EVERY_MS) return;
  await keys.noteUse(id, instant(now), instant(now - USE_NOTED_EVERY_MS));
}

/** A key as it may be shown: without its hash. */
export function presentKey(key: ApiKey) {
  const { id, name, tenantId, scopes, createdAt, expiresAt, lastUsedAt, monthlyCapMills } = key;
  const monthlyCapUsd = monthlyCapMills === undefined ? undefined : monthlyCapMills / 1000;
  return { id, name, tenantId, scopes, createdAt, expiresAt, lastUsedAt, monthlyCapUsd };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** In constant time, which does not reveal how many digits were right. */
function sameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one, "hex"), Buffer.from(other, "hex")];
  return a.length === b.length && timingSafeEqual(a, b);
}
