// What every store of webhooks must do, whatever it runs on.
import { beforeEach, expect, it } from "vitest";
import { createDynamoWebhooks } from "../../shared/adapters/dynamo-webhooks.ts";
import type { Webhooks } from "../../shared/webhooks/ports.ts";
import type { Webhook } from "../../shared/webhooks/webhook.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

type Options = Omit<Parameters<typeof createDynamoWebhooks>[0], "tellUnreadable">;

export function webhooksContract(open: () => Promise<Options>): void {
  let table: Options;
  let webhooks: Webhooks;
  let unreadable: ReturnType<typeof unreadableItems>;
  beforeEach(async () => {
    table = await open();
    unreadable = unreadableItems();
    webhooks = createDynamoWebhooks({ ...table, ...unreadable });
  });

  const webhook = (id: string, more: Partial<Webhook> = {}): Webhook => ({
    id,
    tenantId: "acme",
    url: "https://shop.example/hooks",
    events: ["generation.completed"],
    enabled: true,
    secret: "v1.sealed",
    origin: "https://api.example",
    createdAt: "2026-11-22T12:00:00.000Z",
    ...more,
  });
  const ref = (webhookId: string, tenantId = "acme") => ({ tenantId, webhookId });

  it("gives a webhook back with all that it was added with", async () => {
    const full = webhook("a", {
      description: "shop",
      disabledReason: "failing",
      failingSince: "2026-11-20T12:00:00.000Z",
      oldSecret: { secret: "v1.old", until: "2026-11-23T12:00:00.000Z" },
    });
    await webhooks.add(full);
    expect(await webhooks.get(ref("a"))).toEqual(full);
    expect(await webhooks.get(ref("b"))).toBeUndefined();
  });

  it("keeps those of tenants apart, whatever they are called", async () => {
    for (const tenantId of ["acme", "other", "acme#WEBHOOKS", "a/b"]) await webhooks.add(webhook("a", { tenantId }));
    await webhooks.add(webhook("b"));
    expect((await webhooks.list("acme")).map(({ id }) => id).sort()).toEqual(["a", "b"]);
    expect(await webhooks.list("acme#WEBHOOKS")).toMatchObject([{ tenantId: "acme#WEBHOOKS" }]);
    expect(await webhooks.list("nobody")).toEqual([]);
    expect(await webhooks.get(ref("b", "other"))).toBeUndefined();
  });

  it("lists those that can be read though one cannot, and says which", async () => {
    for (const id of ["a", "b", "c"]) await webhooks.add(webhook(id));
    const key = { pk: "TENANT#acme#WEBHOOKS", sk: "WEBHOOK#b" };
    await unreadable.spoil(table, key, { ...webhook("b"), events: ["video.sold"], secret: 7 });
    expect((await webhooks.list("acme")).map(({ id }) => id).sort()).toEqual(["a", "c"]);
    expect(unreadable.told).toEqual([{ item: `${key.pk} ${key.sk}`, fields: ["events", "secret"] }]);
  });

  it("changes what is named, takes away what is undefined, and leaves the rest", async () => {
    await webhooks.add(webhook("a", { failingSince: "2026-11-20T12:00:00.000Z" }));
    const changed = await webhooks.change(ref("a"), { enabled: false, failingSince: undefined });
    expect(changed).toEqual(webhook("a", { enabled: false }));
    expect(await webhooks.get(ref("a"))).toEqual(changed);
    expect(await webhooks.change(ref("a"), {})).toEqual(changed);
  });

  it("does not bring a webhook back that was removed meanwhile", async () => {
    await webhooks.add(webhook("a"));
    expect(await webhooks.remove(ref("a", "other"))).toBe(false);
    expect(await webhooks.remove(ref("a"))).toBe(true);
    expect(await webhooks.remove(ref("a"))).toBe(false);
    expect(await webhooks.change(ref("a"), { enabled: true })).toBeUndefined();
    expect(await webhooks.get(ref("a"))).toBeUndefined();
  });
}
