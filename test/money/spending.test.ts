// What a tenant has spent: the sums of its own lines, whatever others have.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoLedger } from "../../shared/adapters/dynamo-ledger.ts";
import type { Ledger } from "../../shared/money/ledger.ts";
import { spendingOf } from "../../shared/money/spending.ts";
import { inMemoryDynamoDb } from "../support/in-memory-dynamodb.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { unreadableItems } from "../support/unreadable-items.ts";

const clock = new ManualClock("2026-11-22T12:00:00.000Z");
let ledger: Ledger;
beforeEach(async () => {
  ledger = createDynamoLedger({ ...(await inMemoryDynamoDb()), ...unreadableItems() });
});

let made = 0;
async function line(
  at: string,
  { billed, delivered = true, tenantId = "acme", estimated = 280_000_000 } = {} as {
    billed?: number;
    delivered?: boolean;
    tenantId?: string;
    estimated?: number;
  },
) {
  const job = { tenantId, spaceId: "s", mediaId: "m", requestId: `r-${++made}`, at, estimatedNanoUsd: estimated };
  if (delivered) await ledger.deliver({ ...job, deliveredAt: at });
  if (billed !== undefined) await ledger.bill({ ...job, ...(delivered && { deliveredAt: at }), billedNanoUsd: billed });
}
const spent = (asked: { from?: string; to?: string } = {}, tenantId = "acme") =>
  spendingOf({ ledger, clock }, tenantId, asked);

describe("what a tenant has spent", () => {
  it("is estimated, billed and not billed yet, by the day, to the nano-dollar", async () => {
    await line("2026-11-03T10:00:00.000Z", { billed: 245_000_001 });
    await line("2026-11-03T23:59:59.999Z");
    await line("2026-11-20T10:00:00.000Z", { billed: 100_000_000, delivered: false });
    expect(await spent()).toEqual({
      from: "2026-11-01T00:00:00.000Z",
      to: "2026-11-22T12:00:00.000Z",
      estimatedUsd: 0.84,
      billedUsd: 0.345000001,
      unbilled: 0.28,
      items: [
        { date: "2026-11-03", videos: 2, estimatedUsd: 0.56, billedUsd: 0.245000001, unbilled: 0.28 },
        { date: "2026-11-20", videos: 1, estimatedUsd: 0.28, billedUsd: 0.1, unbilled: 0 },
      ],
    });
  });

  it("has the first instant of its range and not the last", async () => {
    for (const at of ["2026-10-31T23:59:59.999Z", "2026-11-01T00:00:00.000Z", "2026-11-02T00:00:00.000Z"])
      await line(at);
    const day = await spent({ from: "2026-11-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" });
    expect([day.estimatedUsd, day.items.map(({ date }) => date)]).toEqual([0.28, ["2026-11-01"]]);
  });

  it("is nothing in a range that ends before it begins", async () => {
    await line("2026-11-10T10:00:00.000Z");
    expect(await spent({ from: "2026-11-20T00:00:00.000Z", to: "2026-11-01T00:00:00.000Z" })).toMatchObject({
      estimatedUsd: 0,
      items: [],
    });
  });

  it("is of no other tenant, however its name is written", async () => {
    for (const tenantId of ["acme", "acme#SPENDING", "acm", "acme%23", "ACME"]) {
      await line("2026-11-10T10:00:00.000Z", { tenantId, estimated: 1000 + tenantId.length });
    }
    for (const tenantId of ["acme", "acme#SPENDING", "acm", "acme%23", "ACME"]) {
      expect((await spent({}, tenantId)).estimatedUsd).toBe((1000 + tenantId.length) / 1e9);
    }
    expect((await spent({}, "nobody")).items).toEqual([]);
  });

  it("is added up over any number of pages", async () => {
    const at = (n: number) => new Date(Date.parse("2026-11-02") + n * 1000).toISOString();
    await Promise.all(Array.from({ length: 400 }, (_, n) => line(at(n), { estimated: 1 })));
    expect(await spent()).toMatchObject({ estimatedUsd: 400 / 1e9, items: [{ videos: 400 }] });
  });
});
