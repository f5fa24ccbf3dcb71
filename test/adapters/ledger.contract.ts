// What every implementation of `Ledger` keeps to.
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createDynamoLedger } from "../../shared/adapters/dynamo-ledger.ts";
import { unreadableItems } from "../support/unreadable-items.ts";
import type { AcceptedRequest, Ledger } from "../../shared/money/ledger.ts";

interface Table {
  client: DynamoDBClient;
  table: string;
  drop?(): Promise<void>;
}

/** @param open gives a fresh table */
export function ledgerContract(open: () => Promise<Table>): void {
  let table: Table;
  let ledger: Ledger;
  beforeAll(async () => {
    table = await open();
    ledger = createDynamoLedger({ ...table, ...unreadableItems() });
  });
  afterAll(async () => table.drop?.());

  const accepted = (overrides: Partial<AcceptedRequest> = {}): AcceptedRequest => ({
    tenantId: "acme",
    spaceId: "holiday",
    mediaId: "m-1",
    requestId: "r-1",
    at: "2026-11-01T10:00:00.000Z",
    estimatedNanoUsd: 280_000_000,
    ...overrides,
  });

  it("leads from a request id to its record", async () => {
    expect(await ledger.find("r-1")).toBeUndefined();
    expect(await ledger.accept(accepted())).toEqual(accepted());
    expect(await ledger.find("r-1")).toEqual(accepted());
  });

  it("keeps what was written first: of two who learn of one acceptance, both go by the earlier time", async () => {
    const later = accepted({ requestId: "r-2", at: "2026-11-01T10:00:09.000Z" });
    await ledger.accept(accepted({ requestId: "r-2" }));
    expect(await ledger.accept(later)).toEqual(accepted({ requestId: "r-2" }));
  });

  it("lets one of any number who ask tell fal to cancel, and the next where fal could not be told", async () => {
    await ledger.accept(accepted({ requestId: "r-3", orphan: true }));
    const claims = await Promise.all(Array.from({ length: 8 }, () => ledger.claimCancel("r-3")));
    expect(claims.filter(Boolean)).toHaveLength(1);
    await ledger.releaseCancel("r-3");
    expect([await ledger.claimCancel("r-3"), await ledger.claimCancel("r-3")]).toEqual([true, false]);
    expect(await ledger.claimCancel("nobody's")).toBe(false);
  });
}
