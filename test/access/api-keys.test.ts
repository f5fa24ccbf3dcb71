// Keys: who is let in with one, and for how long.
import { beforeEach, describe, expect, it } from "vitest";
import type { ApiKey } from "../../shared/access/api-key.ts";
import { createKey, keyOf, listKeys, noteUse, presentKey, revokeKey } from "../../shared/access/api-keys.ts";
import type { ApiKeys } from "../../shared/access/ports.ts";
import { createDynamoApiKeys } from "../../shared/adapters/dynamo-api-keys.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

const DAY = 24 * 3600;
let deps: { keys: ApiKeys; clock: ManualClock };
beforeEach(async () => {
  deps = {
    keys: createDynamoApiKeys({ ...(await inMemoryDynamoDb()), ...unreadableItems() }),
    clock: new ManualClock("2026-11-22T12:00:00.000Z"),
  };
});

const make = (more: Partial<Parameters<typeof createKey>[1]> = {}) =>
  createKey(deps, { tenantId: "acme", name: "shop", ...more });
const stored = async ({ id }: ApiKey) => (await deps.keys.get(id)) ?? expect.fail("The key is not there.");

describe("a new key", () => {
  it("lets its bearer in, as its tenant and with its scopes: reading and writing unless said otherwise", async () => {
    const { bearer } = await make();
    expect(await keyOf(deps, bearer)).toMatchObject({ tenantId: "acme", name: "shop", scopes: ["read", "write"] });
    const admin = await make({ scopes: ["admin", "admin"] });
    expect(await keyOf(deps, admin.bearer)).toMatchObject({ scopes: ["admin"] });
  });

  it("has 256 random bits behind its prefix and its id, and they are kept nowhere", async () => {
    const { key, bearer } = await make();
    expect(bearer).toMatch(new RegExp(`^km_${key.id}_[0-9a-f]{64}$`));
    const kept = JSON.stringify(await stored(key));
    expect(kept).toContain(key.id);
    expect(kept).not.toContain(bearer.split("_")[2]);
    expect(JSON.stringify(presentKey(await stored(key)))).not.toContain((await stored(key)).secretHash);
    expect((await make()).bearer).not.toBe(bearer);
  });
});

describe("a caller is refused", () => {
  it("with a key that is altered in any one digit, cut, or longer", async () => {
    const { bearer } = await make();
    for (let at = 0; at < bearer.length; at++) {
      const other = bearer[at] === "0" ? "1" : "0";
      expect(await keyOf(deps, bearer.slice(0, at) + other + bearer.slice(at + 1))).toBeUndefined();
    }
    for (const wrong of [
      bearer.slice(0, -1),
      `${bearer}0`,
      bearer.toUpperCase(),
      ` ${bearer}`,
      `${bearer}\n`,
      "km_",
      "",
    ])
      expect(await keyOf(deps, wrong)).toBeUndefined();
  });

  it("with the secret of another key, of the same tenant or of another", async () => {
    const one = await make();
    for (const other of [await make(), await make({ tenantId: "other" })])
      expect(await keyOf(deps, `km_${one.key.id}_${other.bearer.split("_")[2]}`)).toBeUndefined();
  });

  it("with the hash in place of the secret, as a thief of the table would try", async () => {
    const { key } = await make();
    expect(await keyOf(deps, `km_${key.id}_${(await stored(key)).secretHash}`)).toBeUndefined();
  });

  it("once the key has run out, to the millisecond", async () => {
    const { bearer } = await make({ expiresInDays: 90 });
    deps.clock.advance(90 * DAY - 0.001);
    expect(await keyOf(deps, bearer)).toBeDefined();
    deps.clock.advance(0.001);
    expect(await keyOf(deps, bearer)).toBeUndefined();
  });

  it("once it is revoked", async () => {
    const { key, bearer } = await make();
    await revokeKey(deps, key.id, "acme");
    expect(await keyOf(deps, bearer)).toBeUndefined();
  });
});

describe("revoking", () => {
  it("of another tenant's key is answered as if there were none, and does nothing", async () => {
    const { key, bearer } = await make();
    for (const id of [key.id, "0".repeat(20), "no id"])
      await expect(revokeKey(deps, id, "other")).rejects.toThrow("There is no such key.");
    expect(await keyOf(deps, bearer)).toBeDefined();
  });
});

it("the keys of a tenant are listed, the newest first, those that have run out too", async () => {
  const first = await make({ expiresInDays: 1 });
  deps.clock.advance(2 * DAY);
  const second = await make();
  await make({ tenantId: "other" });
  expect((await listKeys(deps, "acme")).map(({ id }) => id)).toEqual([second.key.id, first.key.id]);
});

it("a tenant has 500 keys at most", async () => {
  const full = { ...deps.keys, list: async () => Array.from({ length: 500 }, () => first) };
  const first = (await make()).key;
  await expect(createKey({ ...deps, keys: full }, { tenantId: "acme", name: "one more" })).rejects.toThrow("500 keys");
});

it("a use is noted at most once an hour", async () => {
  const writes: string[] = [];
  const noting: ApiKeys = {
    ...deps.keys,
    noteUse: async (id, at, ifBefore) => {
      writes.push(at);
      await deps.keys.noteUse(id, at, ifBefore);
    },
  };
  const { key } = await make();
  for (let minute = 0; minute < 130; minute++) {
    await noteUse({ ...deps, keys: noting }, await stored(key));
    deps.clock.advance(60);
  }
  expect(writes).toEqual(["2026-11-22T12:00:00.000Z", "2026-11-22T13:01:00.000Z", "2026-11-22T14:02:00.000Z"]);
  expect(await stored(key)).toMatchObject({ lastUsedAt: "2026-11-22T14:02:00.000Z" });
});
