// From an event of the bus to the receivers of a tenant: written down, signed, tried by the schedule, given up in the open.
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { redeliver, testWebhook } from "../../shared/webhooks/announce.ts";
import { changeWebhook, deleteWebhook, rotateSecret } from "../../shared/webhooks/manage.ts";
import { completed, ORIGIN, webhookWorld, type WebhookWorld } from "../support/webhook-world.ts";

const SHOP = "https://shop.example/hooks";
const OTHER = "https://other.example/hooks";

let world: WebhookWorld;
beforeEach(async () => {
  world = await webhookWorld();
});

/** As a receiver does it with the package, at the time of the world. */
function verified(secret: string, { body, headers, at }: WebhookWorld["received"][number]): unknown {
  vi.useFakeTimers({ now: at, toFake: ["Date"] });
  try {
    return new Webhook(secret).verify(body, headers);
  } finally {
    vi.useRealTimers();
  }
}
const at = (n: number) => {
  const one = world.received[n];
  if (!one) throw new Error(`There was no message ${n}.`);
  return one;
};

describe("an event", () => {
  it("reaches each webhook of its tenant that wants it, signed, with the media's address, and no other tenant's", async () => {
    const { secret, ref } = await world.given(SHOP);
    await world.given(OTHER, { tenantId: "other" });
    await world.given("https://failures.example", { events: ["generation.failed"] });
    await world.tell();
    expect(world.received.map(({ url }) => url)).toEqual([SHOP]);
    expect(verified(secret, at(0))).toEqual({
      type: "generation.completed",
      timestamp: "2026-01-01T00:00:00.000Z",
      data: { ...completed(), url: `${ORIGIN}/api/spaces/holiday/media/m1` },
    });
    expect(at(0).headers["webhook-id"]).toBe("m1:completed");
    expect(await world.log(ref)).toMatchObject([
      { type: "generation.completed", mediaId: "m1", status: "delivered", attempts: [{ statusCode: 200 }] },
    ]);
  });

  it("that the bus tells twice is one delivery, sent once", async () => {
    const { ref } = await world.given(SHOP);
    await world.tell();
    await world.tell();
    expect(world.received).toHaveLength(1);
    expect(await world.log(ref)).toHaveLength(1);
  });

  it("that is told twice at once is one delivery, sent once", async () => {
    await world.given(SHOP);
    await Promise.all([world.tell(), world.tell(), world.tell()]);
    expect(world.received).toHaveLength(1);
  });

  it("is told to one webhook though another hangs or cannot be written to", async () => {
    await world.given(SHOP);
    const { ref } = await world.given(OTHER);
    const hangs = Promise.withResolvers<{ statusCode: number }>();
    world.answers.set(SHOP, () => hangs.promise);
    const telling = world.tell();
    await vi.waitFor(async () => expect(await world.log(ref)).toMatchObject([{ status: "delivered" }]));
    hangs.resolve({ statusCode: 200 });
    await telling;
  });

  it("of more than 20 KB is cut to less, and still valid", async () => {
    const { secret } = await world.given(SHOP);
    await world.tell(completed({ description: "a very long story. ".repeat(5000) }));
    expect(Buffer.byteLength(at(0).body)).toBeLessThan(20_000);
    expect(verified(secret, at(0))).toMatchObject({ data: { mediaId: "m1", status: "completed" } });
  });
});

describe("a receiver that fails", () => {
  it("is asked again after 5 s by the same function, with the same id and a fresh time, and once it takes it no more", async () => {
    const { ref, secret } = await world.given(SHOP);
    world.answers.set(SHOP, (nth) => ({ statusCode: nth === 1 ? 503 : 204 }));
    await world.tell();
    expect(world.received.map(({ at }) => at - world.clock.now())).toEqual([-5000, 0]);
    expect(at(1).headers["webhook-id"]).toBe(at(0).headers["webhook-id"]);
    expect(Number(at(1).headers["webhook-timestamp"]) - Number(at(0).headers["webhook-timestamp"])).toBe(5);
    expect(verified(secret, at(1))).toBeDefined();
    expect(await world.log(ref)).toMatchObject([
      {
        status: "delivered",
        attempts: [{ statusCode: 503, error: "The receiver answered 503." }, { statusCode: 204 }],
      },
    ]);
    await world.pass(10);
    expect(world.received).toHaveLength(2);
  });

  it("is asked ten times over three days by what the sweeper finds due, then the delivery has failed", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 500 }));
    await world.tell();
    const [pending] = await world.log(ref);
    expect(pending).toMatchObject({ status: "pending", nextAttemptAt: "2026-01-01T00:05:05.000Z" });
    for (const hours of [0.2, 1, 3, 6, 11, 15, 21, 25]) {
      world.clock.advance(hours * 3600);
      await world.sweep();
    }
    const [failed] = await world.log(ref);
    expect(failed?.status).toBe("failed");
    expect(failed?.nextAttemptAt).toBeUndefined();
    expect(failed?.attempts).toHaveLength(10);
    expect(new Set(world.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    await world.pass(3);
    expect(world.received).toHaveLength(10);
  });

  it("and asks for time is given it: Retry-After is a floor, up to a day", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 429, retryAfter: "3600" }));
    await world.tell();
    expect(world.received).toHaveLength(1);
    expect(await world.log(ref)).toMatchObject([{ nextAttemptAt: "2026-01-01T01:00:00.000Z" }]);
    await world.pass(59);
    expect(world.received).toHaveLength(1);
    await world.pass(2);
    expect(world.received).toHaveLength(2);
  });

  it("holds no function of the events once it has been failing for ten minutes: the sweeper's one tries them all", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ fault: "No full answer within 15 s." }));
    await world.tell();
    world.clock.advance(660);
    const before = world.received.length;
    for (let n = 2; n < 30; n++) await world.tell(completed({ id: `m${n}:completed`, mediaId: `m${n}` }));
    expect(world.received.length - before).toBe(0);
    world.answers.delete(SHOP);
    await world.sweep();
    expect((await world.log(ref)).map(({ status }) => status)).toEqual(Array.from({ length: 29 }, () => "delivered"));
  });

  it("delays no other receiver's tries: each webhook is announced by itself", async () => {
    const { ref: shop } = await world.given(SHOP);
    const { ref: other } = await world.given(OTHER, { tenantId: "other" });
    for (const url of [SHOP, OTHER]) world.answers.set(url, () => ({ statusCode: 500 }));
    for (let n = 0; n < 12; n++) await world.tell(completed({ id: `m${n}:completed` }));
    await world.tell(completed({ tenantId: "other" }));
    world.clock.advance(600);
    const { announceDue } = await import("../../shared/webhooks/announce.ts");
    await announceDue(world.deps, { all: false });
    expect(world.announced).toEqual(expect.arrayContaining([shop, other]));
    expect(world.announced).toHaveLength(2);
  });
});

describe("a webhook", () => {
  it("whose receiver answers 410 is disabled at once, with an event and a line that is counted", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 410 }));
    await world.tell();
    expect(world.received).toHaveLength(1);
    expect(await world.log(ref)).toMatchObject([{ status: "failed", attempts: [{ statusCode: 410 }] }]);
    expect(await world.deps.webhooks.get(ref)).toMatchObject({ enabled: false, disabledReason: "gone" });
    expect(world.disabled).toEqual([{ id: ref.webhookId, reason: "gone" }]);
    expect(world.lines).toMatchObject([{ event: "webhook_disabled", code: "gone" }]);
    await world.tell(completed({ id: "m2:completed" }));
    expect(world.received).toHaveLength(1);
  });

  it("is disabled after five days of nothing but failures, and not after a success among them", async () => {
    const { ref } = await world.given(SHOP);
    let status = 500;
    world.answers.set(SHOP, () => ({ statusCode: status }));
    const day = async (n: number) => {
      world.clock.advance(24 * 3600);
      await world.tell(completed({ id: `day-${n}:completed` }));
      await world.sweep();
    };
    for (let n = 0; n < 4; n++) await day(n);
    status = 200;
    await day(4);
    status = 500;
    for (let n = 5; n < 10; n++) await day(n);
    expect(world.disabled).toEqual([]);
    await day(10);
    expect(world.disabled).toContainEqual({ id: ref.webhookId, reason: "failing" });
    expect(await world.deps.webhooks.get(ref)).toMatchObject({ enabled: false, disabledReason: "failing" });
  });

  it("that its owner enables anew while the last try of five bad days is under way stays enabled", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 500 }));
    await world.tell();
    world.clock.advance(6 * 24 * 3600);
    world.answers.set(SHOP, async () => {
      await changeWebhook(world.manageDeps, ref, { enabled: true });
      return { statusCode: 500 };
    });
    await world.sweep();
    expect(world.disabled).toEqual([]);
    expect(await world.deps.webhooks.get(ref)).toMatchObject({ enabled: true });
  });

  it("that was disabled is not sent what was still to be tried; the log says so, and it may be redelivered", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 500 }));
    await world.tell();
    await changeWebhook(world.manageDeps, ref, { enabled: false });
    await world.pass(6);
    expect(world.received).toHaveLength(2);
    const [failed] = await world.log(ref);
    expect(failed).toMatchObject({ status: "failed" });
    expect(failed?.attempts.at(-1)).toMatchObject({ error: "The webhook is disabled: nothing was sent." });

    world.answers.delete(SHOP);
    await changeWebhook(world.manageDeps, ref, { enabled: true });
    await redeliver(world.deps, { ...ref, deliveryId: failed?.id ?? "" });
    await world.sweep();
    expect(await world.log(ref)).toMatchObject([{ id: failed?.id, status: "delivered" }]);
    expect(at(2).headers["webhook-id"]).toBe("m1:completed");
  });

  it("that was deleted is sent nothing any more", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => ({ statusCode: 500 }));
    await world.tell();
    await deleteWebhook(world.manageDeps, ref);
    await world.pass(10);
    expect(world.received).toHaveLength(2);
  });

  it("signs with both secrets for a day after a rotation, then with the new one alone", async () => {
    const { ref, secret: old } = await world.given(SHOP);
    const secret = await rotateSecret(world.manageDeps, ref);
    await world.tell();
    expect(verified(old, at(0))).toEqual(verified(secret, at(0)));
    world.clock.advance(24 * 3600 + 1);
    await world.tell(completed({ id: "m2:completed" }));
    expect(verified(secret, at(1))).toBeDefined();
    expect(() => verified(old, at(1))).toThrow();
  });

  it("is tried out on request, also while it is disabled, once", async () => {
    const { ref, secret } = await world.given(SHOP);
    await changeWebhook(world.manageDeps, ref, { enabled: false });
    const { id } = await testWebhook(world.deps, ref);
    expect(world.announced).toEqual([{ ...ref, deliveryId: id }]);
    await world.sweep();
    expect(verified(secret, at(0))).toMatchObject({ type: "webhook.test", data: { webhookId: ref.webhookId } });
    expect(await world.log(ref)).toMatchObject([{ id, type: "webhook.test", status: "delivered" }]);
  });
});

describe("a function that dies", () => {
  const dies = () => new Error("the function was killed");

  it("before the message is sent: the sweeper sends it", async () => {
    const { ref } = await world.given(SHOP);
    const { save } = world.deps.deliveries;
    world.deps.deliveries.save = () => Promise.reject(dies());
    await expect(world.tell()).rejects.toThrow();
    world.deps.deliveries.save = save;
    await world.pass(1);
    expect(await world.log(ref)).toMatchObject([{ status: "delivered" }]);
    expect(world.received).toHaveLength(1);
  });

  it("in the middle, or before the answer is written: another try is made with the same id, and the log says what is known", async () => {
    const { ref } = await world.given(SHOP);
    const { save } = world.deps.deliveries;
    let writes = 0;
    world.deps.deliveries.save = (delivery) => (++writes === 2 ? Promise.reject(dies()) : save(delivery));
    await expect(world.tell()).rejects.toThrow();
    expect(world.received).toHaveLength(1);
    // The bus tells the event again while the dead function's claim holds: nothing is sent by two at once.
    await world.tell();
    expect(world.received).toHaveLength(1);
    await world.pass(1);
    expect(world.received.map(({ headers }) => headers["webhook-id"])).toEqual(["m1:completed", "m1:completed"]);
    expect(await world.log(ref)).toMatchObject([
      { status: "delivered", attempts: [{ error: expect.stringContaining("ended before") }, { statusCode: 200 }] },
    ]);
  });

  it("with its whole machine: the next start takes up at once what it had begun", async () => {
    const { ref } = await world.given(SHOP);
    const { save } = world.deps.deliveries;
    let writes = 0;
    world.deps.deliveries.save = (delivery) => (++writes === 2 ? Promise.reject(dies()) : save(delivery));
    await expect(world.tell()).rejects.toThrow();
    world.deps.deliveries.save = save;
    world.clock.advance(1);
    await world.sweep(true);
    expect(await world.log(ref)).toMatchObject([{ status: "delivered" }]);
  });

  it("with its whole machine, where one of what it had begun cannot be read: the rest is taken up, and the start fails in the open", async () => {
    const { ref } = await world.given(SHOP);
    await world.given(OTHER);
    const { get, save } = world.deps.deliveries;
    let writes = 0;
    world.deps.deliveries.save = (delivery) => (++writes > 2 ? Promise.reject(dies()) : save(delivery));
    await expect(world.tell()).rejects.toThrow();
    world.deps.deliveries.save = save;
    world.deps.deliveries.get = (of) =>
      of.webhookId === ref.webhookId ? Promise.reject(new Error("not readable")) : get(of);
    world.clock.advance(1);
    await expect(world.sweep(true)).rejects.toThrow("1 of 2 deliveries");
    expect(world.announced).toHaveLength(1);
  });

  it("ten times in the POST: the delivery ends as failed, in the open", async () => {
    const { ref } = await world.given(SHOP);
    world.answers.set(SHOP, () => Promise.reject(dies()));
    await expect(world.tell()).rejects.toThrow();
    for (let n = 0; n < 30; n++) {
      world.clock.advance(12 * 3600);
      await world.sweep().catch(() => {});
    }
    expect(world.received).toHaveLength(10);
    expect(await world.log(ref)).toMatchObject([{ status: "failed" }]);
  });
});
