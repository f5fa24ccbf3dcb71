// What happens in a run, besides what goes wrong.
import { TENANTS } from "./clients.ts";
import type { World } from "./world.ts";

/** Stories of callers with keys, whose tenants are told what happens. */
export const TOLD_STORIES = {
  "a video that is told": (world, random) => {
    const { clients, owners } = world;
    const [mine, theirs] = TENANTS;
    return clients.as(async () => {
      await owners.makeKey(mine);
      await owners.makeKey(theirs);
      const shop = await owners.listen(mine, "https://shop.example/hooks");
      await owners.listen(theirs, "https://rival.example/hooks");
      // Its name leads inside, as only a lookup shows.
      const inside = await owners.listen(mine, "https://internal.example/hooks");
      const intent = clients.intent({ tenant: mine, key: "order-1" });
      await clients.start(intent);
      await clients.spy(intent, theirs);
      await owners.spy(shop, theirs);
      await clients.knock(intent);
      await world.sleep(random() * 20_000);
      await owners.rotate(shop);
      await clients.follow(intent);
      await owners.test(shop);
      await owners.stopListening(inside);
    });
  },
  "keys and their misuse": (world) => {
    const { clients, owners } = world;
    return clients.as(async () => {
      const key = await owners.makeKey(TENANTS[2]);
      const intent = clients.intent({ tenant: TENANTS[2], key: "order-1" });
      await owners.misuse(TENANTS[2], intent.body);
      await clients.start(intent);
      await clients.follow(intent);
      await owners.revoke(key, intent.spaceId);
    });
  },
  "a refusal that is told": (world) => {
    const { clients, owners } = world;
    const [mine] = TENANTS;
    return clients.as(async () => {
      await owners.makeKey(mine);
      await owners.listen(mine, "https://shop.example/hooks");
      const right = clients.intent({ tenant: mine, key: "order-1" });
      const wrong = clients.intent({ tenant: mine, key: "order-2", more: { duration: "7" } });
      await Promise.all([clients.startByBus(right), clients.startByBus(wrong)]);
      await clients.follow(right);
      // What was refused for a while is not started by a bus that delivers it once more when it could be.
      const late = clients.intent({ tenant: mine, key: "order-3" });
      await world.setKillSwitch(true);
      await clients.startByBus(late);
      await world.setKillSwitch(false);
      await clients.startByBus(late);
      await clients.follow(late);
    });
  },
} satisfies Record<string, (world: World, random: () => number) => Promise<unknown>>;

/** So many starts with one key, and among them one with another body. */
function atOnce({ clients }: World, count: number): Promise<unknown> {
  const intent = clients.intent({ key: "order-1" });
  const starts = Array.from({ length: count }, () => clients.as(() => clients.start(intent)));
  const other = clients.as(() => clients.send(intent, { ...intent.body, duration: "10" }));
  return Promise.all([...starts, other]).then(() => clients.as(() => clients.follow(intent)));
}

/** So many wishes of two tenants, of several prices, some of them asked twice at once and some given up. */
function againstCaps({ clients, sleep }: World, count: number, random: () => number): Promise<unknown> {
  const modes = ["standard", "standard", "pro", "master"];
  const wishes = Array.from({ length: count }, (_, n) => {
    const more = { mode: modes[Math.floor(random() * modes.length)], duration: random() < 0.3 ? "10" : "5" };
    const key = random() < 0.7 ? `order-${n}` : undefined;
    const intent = clients.intent({ tenant: TENANTS[random() < 0.6 ? 0 : 2], more, ...(key !== undefined && { key }) });
    const [twice, canceledAfter] = [
      key !== undefined && random() < 0.4,
      random() < 0.4 ? random() * 40_000 : undefined,
    ];
    return clients.as(async () => {
      const again = twice ? clients.as(() => clients.insist(intent, 2)) : undefined;
      await Promise.all([clients.insist(intent, 3), again]);
      if (canceledAfter !== undefined) {
        await sleep(canceledAfter);
        await clients.cancel(intent);
      }
      await clients.follow(intent);
    });
  });
  return Promise.all(wishes);
}

export const STORIES = {
  ...TOLD_STORIES,
  "a video": (world) => {
    const { clients } = world;
    const intent = clients.intent({ key: "order-1" });
    return clients.as(async () => {
      await clients.start(intent);
      await clients.spy(intent, TENANTS[1]);
      await clients.knock(intent);
      await clients.follow(intent);
      await clients.send(intent, intent.body);
      await clients.send(intent, { ...intent.body, duration: "10" });
    });
  },
  "a plain start": (world) => {
    const { clients } = world;
    const intent = clients.intent({ more: { mode: "master" } });
    return clients.as(async () => {
      await clients.start(intent);
      await clients.follow(intent);
    });
  },
  "a cancel": (world, random) => {
    const { clients } = world;
    const intent = clients.intent({ key: "order-1" });
    return clients.as(async () => {
      await clients.start(intent);
      await world.sleep(random() * 30_000);
      await Promise.all([clients.cancel(intent), random() < 0.5 ? clients.cancel(intent) : undefined]);
      await clients.follow(intent);
    });
  },
  "a deletion": (world) => {
    const { clients } = world;
    const intent = clients.intent({ key: "order-1" });
    return clients.as(async () => {
      await clients.start(intent);
      await clients.follow(intent);
      await clients.delete(intent);
      await clients.delete(intent);
      await clients.send(intent, intent.body);
    });
  },
  "one key of two tenants": (world) => {
    const { clients } = world;
    const [mine, theirs] = TENANTS.slice(0, 2).map((tenant) => clients.intent({ tenant, key: "order-1" }));
    if (!mine || !theirs) throw new Error("there are no tenants");
    return Promise.all([
      clients.as(async () => {
        await clients.start(mine);
        await clients.follow(mine);
        await clients.spy(theirs, mine.tenant);
        await clients.send(mine, mine.body);
      }),
      clients.as(async () => {
        await clients.start(theirs);
        await clients.follow(theirs);
        await clients.send(theirs, theirs.body);
      }),
    ]);
  },
  "many at once": (world) => atOnce(world, 5),
  "fifty at once": (world) => atOnce(world, 50),
  "starts against a cap": (world, random) => againstCaps(world, 3 + Math.floor(random() * 6), random),
  "a hundred against a cap": ({ clients }) => {
    const intents = Array.from({ length: 100 }, () => clients.intent());
    return Promise.all(
      intents.map((intent) =>
        clients.as(async () => {
          await clients.start(intent);
          await clients.follow(intent);
        }),
      ),
    );
  },
  "the kill switch": (world, random) => {
    const { clients } = world;
    const starts = [0, random() * 20_000, 20_000 + random() * 20_000].map(async (afterMs, n) => {
      const intent = clients.intent({ key: `order-${n}` });
      await world.sleep(afterMs);
      await clients.as(() => clients.start(intent));
      await clients.as(() => clients.follow(intent));
    });
    const operator = world
      .sleep(random() * 20_000)
      .then(() => world.setKillSwitch(true))
      .then(() => world.sleep(10_000 + random() * 60_000))
      .then(() => world.setKillSwitch(false));
    return Promise.all([...starts, operator]);
  },
  "a locked account": (world, random) => {
    const { clients } = world;
    const starts = Array.from({ length: 5 }, async (_, n) => {
      const intent = clients.intent({ tenant: TENANTS[n % 2 === 0 ? 0 : 2], key: `order-${n}` });
      await world.sleep(random() * 90_000);
      await clients.as(() => clients.start(intent));
      if (n === 4) {
        await world.sleep(random() * 120_000);
        await clients.as(() => clients.cancel(intent));
      }
      await clients.as(() => clients.follow(intent));
    });
    const balance = world.sleep(random() * 30_000).then(() => world.fal.lock(60_000 + random() * 400_000));
    return Promise.all([...starts, balance]);
  },
  "by the bus": (world) => {
    const { clients } = world;
    const intent = clients.intent({ tenant: TENANTS[2], key: "order-1" });
    return clients.as(async () => {
      await clients.startByEvent(intent);
      await clients.follow(intent);
    });
  },
} satisfies Record<string, (world: World, random: () => number) => Promise<unknown>>;

export type Story = keyof typeof STORIES;
