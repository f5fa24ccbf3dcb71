// What every store of keys must do, whatever it runs on.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoApiKeys } from "../../shared/adapters/dynamo-api-keys.ts";
import { keyPartition, type ApiKey } from "../../shared/access/api-key.ts";
import type { ApiKeys } from "../../shared/access/ports.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

type Options = Omit<Parameters<typeof createDynamoApiKeys>[0], "tellUnreadable">;

export function apiKeysContract(open: () => Promise<Options>): void {
  let table: Options;
  let keys: ApiKeys;
  let unreadable: ReturnType<typeof unreadableItems>;
  beforeEach(async () => {
    table = await open();
    unreadable = unreadableItems();
    keys = createDynamoApiKeys({ ...table, ...unreadable });
  });

  const key = (digit: string, more: Partial<ApiKey> = {}): ApiKey => {
    const tenantId = more.tenantId ?? "acme";
    return {
      id: keyPartition(tenantId) + digit.repeat(12),
      tenantId,
      name: "shop backend",
      scopes: ["read", "write"],
      secretHash: digit.repeat(64),
      createdAt: "2026-11-22T12:00:00.000Z",
      ...more,
    };
  };

  it("gives a key back by its id, with all that it was added with", async () => {
    const full = key("a", { monthlyCapMills: 50_000, expiresAt: "2027-02-20T12:00:00.000Z" });
    await keys.add(full);
    await keys.add(key("b"));
    expect(await keys.get(full.id)).toEqual(full);
    expect(await keys.get(key("b").id)).toMatchObject(key("b"));
    expect(await keys.get(key("c").id)).toBeUndefined();
  });

  it("adds the same key twice as once, and never another under its id", async () => {
    await keys.add(key("a"));
    await keys.add(key("a"));
    await expect(keys.add(key("a", { secretHash: "f".repeat(64) }))).rejects.toThrow();
    expect(await keys.get(key("a").id)).toMatchObject({ secretHash: "a".repeat(64) });
  });

  it("lists the keys of one tenant", async () => {
    const ofOther = key("c", { tenantId: "other" });
    for (const it of [key("a"), key("b"), ofOther]) await keys.add(it);
    expect((await keys.list("acme")).map(({ id }) => id).sort()).toEqual([key("a").id, key("b").id]);
    expect((await keys.list("other")).map(({ id }) => id)).toEqual([ofOther.id]);
    expect(await keys.list("nobody")).toEqual([]);
  });

  it("lists those that can be read though one cannot, and says which", async () => {
    await keys.add(key("a"));
    const [pk, sk] = [`KEYS#${keyPartition("acme")}`, `KEY#${key("b").id}`];
    await unreadable.spoil(table, { pk, sk }, { ...key("b"), scopes: ["sell"] });
    expect((await keys.list("acme")).map(({ id }) => id)).toEqual([key("a").id]);
    expect(unreadable.told).toEqual([{ item: `${pk} ${sk}`, fields: ["scopes"] }]);
  });

  it("lists no key of a tenant that shares its partition", async () => {
    await keys.add(key("a", { id: keyPartition("acme") + "d".repeat(12), tenantId: "other" }));
    expect(await keys.list("acme")).toEqual([]);
  });

  describe("removing", () => {
    it("takes the key away, once", async () => {
      await keys.add(key("a"));
      expect(await keys.remove(key("a").id, "acme")).toMatchObject({ id: key("a").id });
      expect(await keys.get(key("a").id)).toBeUndefined();
      expect(await keys.remove(key("a").id, "acme")).toBeUndefined();
    });

    it("takes none away that is another tenant's, unless no tenant is named", async () => {
      await keys.add(key("a"));
      expect(await keys.remove(key("a").id, "other")).toBeUndefined();
      expect(await keys.get(key("a").id)).toBeDefined();
      expect(await keys.remove(key("a").id, undefined)).toMatchObject({ tenantId: "acme" });
    });
  });

  describe("noting a use", () => {
    const [noon, one, two] = ["2026-11-22T12:00:00.000Z", "2026-11-22T13:00:00.000Z", "2026-11-22T14:00:00.000Z"];

    it("notes the first, and a later one only if the last was before the given time", async () => {
      await keys.add(key("a"));
      const lastUsedAt = async () => (await keys.get(key("a").id))?.lastUsedAt;
      await keys.noteUse(key("a").id, noon, noon);
      expect(await lastUsedAt()).toBe(noon);
      await keys.noteUse(key("a").id, one, noon);
      expect(await lastUsedAt()).toBe(noon);
      await keys.noteUse(key("a").id, two, one);
      expect(await lastUsedAt()).toBe(two);
    });

    it("does not bring a key back that was removed meanwhile", async () => {
      await keys.noteUse(key("a").id, noon, noon);
      expect(await keys.get(key("a").id)).toBeUndefined();
    });
  });
}
