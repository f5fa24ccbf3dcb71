// What every store of deliveries must do, whatever it runs on.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoDeliveries } from "../../shared/adapters/dynamo-deliveries.ts";
import { claimed, newDelivery, refOfDelivery, type Delivery } from "../../shared/webhooks/delivery.ts";
import type { Deliveries } from "../../shared/webhooks/ports.ts";
import { instant } from "../../shared/media/instant.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

type Options = Omit<Parameters<typeof createDynamoDeliveries>[0], "clock" | "tellUnreadable">;

export function deliveriesContract(open: () => Promise<Options>): void {
  let clock: ManualClock;
  let table: Options;
  let deliveries: Deliveries;
  let unreadable: ReturnType<typeof unreadableItems>;
  beforeEach(async () => {
    clock = new ManualClock();
    table = await open();
    unreadable = unreadableItems();
    deliveries = createDynamoDeliveries({ ...table, clock, ...unreadable });
  });

  const SHOP = { tenantId: "acme", webhookId: "shop" };
  const delivery = (n: number, of = SHOP): Delivery => {
    const at = instant(Date.parse("2026-01-01T00:00:00.000Z") + n);
    return newDelivery(
      of,
      { id: `m${n}:completed`, type: "generation.completed", at, mediaId: `m${n}`, body: "{}" },
      clock.now(),
    );
  };
  const now = () => instant(clock.now());

  it("gives a delivery back with all that it was added with, and adds it once", async () => {
    const one = claimed({ ...delivery(1), asked: true }, clock.now());
    expect(await deliveries.add(one)).toBe(true);
    expect(await deliveries.add(delivery(1))).toBe(false);
    expect(await deliveries.get(refOfDelivery(one))).toEqual(one);
    expect(await deliveries.get({ ...refOfDelivery(one), tenantId: "other" })).toBeUndefined();
  });

  it("saves what has changed, for the one who read it last", async () => {
    const one = delivery(1);
    await deliveries.add(one);
    const saves = await Promise.all(Array.from({ length: 10 }, () => deliveries.save(claimed(one, clock.now()))));
    const written = saves.filter((it) => it !== undefined);
    expect(written).toHaveLength(1);
    expect(await deliveries.get(refOfDelivery(one))).toEqual(written[0]);
    expect(await deliveries.save(delivery(2))).toBeUndefined();
  });

  it("lists those of one webhook, the newest first, page by page", async () => {
    for (const n of [3, 1, 2]) await deliveries.add(delivery(n));
    await deliveries.add(delivery(4, { tenantId: "acme", webhookId: "other" }));
    await deliveries.add(delivery(5, { tenantId: "other", webhookId: "shop" }));
    const first = await deliveries.list(SHOP, { limit: 2 });
    expect(first.items.map(({ mediaId }) => mediaId)).toEqual(["m3", "m2"]);
    const second = await deliveries.list(SHOP, { limit: 2, before: first.next });
    expect(second.items.map(({ mediaId }) => mediaId)).toEqual(["m1"]);
    expect(second.next).toBeUndefined();
  });

  it("lists those that can be read though some cannot, page by page, and says which", async () => {
    for (const n of [1, 2, 3, 4]) await deliveries.add(delivery(n));
    for (const n of [2, 4]) {
      const key = { pk: "TENANT#acme#WEBHOOK#shop", sk: `DELIVERY#${delivery(n).id}` };
      await unreadable.spoil(table, key, { ...delivery(n), type: "video.sold" });
    }
    const first = await deliveries.list(SHOP, { limit: 1 });
    expect(first.items.map(({ mediaId }) => mediaId)).toEqual(["m3"]);
    const second = await deliveries.list(SHOP, { limit: 5, before: first.next });
    expect(second.items.map(({ mediaId }) => mediaId)).toEqual(["m1"]);
    expect(unreadable.told.map(({ fields }) => fields)).toContainEqual(["type"]);
  });

  it("has forgotten what is older than 30 days, also before the table has", async () => {
    const old = delivery(1);
    await deliveries.add(old);
    clock.advance(30 * 24 * 3600 - 1);
    await deliveries.add(delivery(2));
    expect((await deliveries.list(SHOP, { limit: 1 })).items).toHaveLength(1);
    expect(await deliveries.get(refOfDelivery(old))).toBeDefined();
    clock.advance(2);
    expect(await deliveries.get(refOfDelivery(old))).toBeUndefined();
    expect((await deliveries.list(SHOP, { limit: 5 })).items.map(({ mediaId }) => mediaId)).toEqual(["m2"]);
    expect(await deliveries.add(delivery(1))).toBe(true);
  });

  describe("what is due", () => {
    it("is what is pending at its time, of each webhook apart, and not what has ended", async () => {
      const other = { tenantId: "other", webhookId: "hook" };
      await deliveries.add(delivery(1));
      await deliveries.add({ ...delivery(2), nextAttemptAt: instant(clock.now() + 60_000) });
      await deliveries.add({ ...delivery(3), status: "delivered", nextAttemptAt: undefined });
      await deliveries.add(delivery(4, other));
      const webhooks = await deliveries.dueWebhooks(now());
      expect(webhooks).toHaveLength(2);
      expect(webhooks).toEqual(expect.arrayContaining([SHOP, other]));
      expect(await deliveries.due(SHOP, now(), 10)).toEqual([refOfDelivery(delivery(1))]);
      expect(await deliveries.due(other, now(), 10)).toEqual([refOfDelivery(delivery(4, other))]);
      clock.advance(60);
      expect(await deliveries.due(SHOP, now(), 10)).toHaveLength(2);
      expect(await deliveries.due(SHOP, now(), 1)).toHaveLength(1);
    });

    it("is not what a function has claimed, until its claim runs out", async () => {
      await deliveries.add(claimed(delivery(1), clock.now()));
      expect(await deliveries.dueWebhooks(now())).toEqual([]);
      clock.advance(31);
      expect(await deliveries.dueWebhooks(now())).toEqual([SHOP]);
    });

    it("is nothing any more of a delivery that has ended", async () => {
      await deliveries.add(delivery(1));
      await deliveries.save({ ...delivery(1), status: "failed", nextAttemptAt: undefined });
      expect(await deliveries.dueWebhooks(now())).toEqual([]);
      expect(await deliveries.allPending()).toEqual([]);
    });

    it("is found without the index too, whenever it is due", async () => {
      await deliveries.add({ ...delivery(1), nextAttemptAt: instant(clock.now() + 60_000) });
      expect(await deliveries.allPending()).toEqual([refOfDelivery(delivery(1))]);
    });
  });
}
