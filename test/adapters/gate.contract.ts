// What every store of the gate must do, whatever it runs on.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import { createDynamoGate } from "../../shared/adapters/dynamo-gate.ts";
import type { Budget, Gate } from "../../shared/media/ports.ts";
import type { AccountEvent, AccountHold } from "../../shared/media/provider-account.ts";
import { ManualClock } from "../support/manual-clock.ts";

const HOLD: AccountHold = {
  code: "provider_account_locked",
  since: "2026-01-01T00:00:00.000Z",
  probeAt: "2026-01-01T00:00:55.000Z",
};
const SAID: AccountEvent = {
  id: "provider-account:2026-01-01T00:00:00.000Z:held:provider_account_locked",
  type: "Provider Account Held",
  code: HOLD.code,
  since: HOLD.since,
  at: HOLD.since,
};
const UNTOUCHED = { version: 0, outbox: [] };

export function gateContract(open: () => Promise<Parameters<typeof createDynamoGate>[0]>): void {
  let gate: Gate;
  let budget: Budget;
  beforeEach(async () => {
    const table = await open();
    gate = createDynamoGate(table);
    budget = createDynamoBudget({ ...table, clock: new ManualClock() });
  });

  it("is open where nothing was ever written", async () => {
    expect(await gate.read()).toEqual({ stopped: false, account: UNTOUCHED });
  });

  it("shows the kill switch, on and off, and what is known of the account beside it", async () => {
    await gate.write(UNTOUCHED, { hold: HOLD, outbox: [] });
    await budget.stop(true);
    expect(await gate.read()).toEqual({ stopped: true, account: { version: 1, hold: HOLD, outbox: [] } });
    await budget.stop(false);
    expect(await gate.read()).toEqual({ stopped: false, account: { version: 1, hold: HOLD, outbox: [] } });
  });

  it("leaves the money of the deployment's account as it is, and is left as it is by it", async () => {
    const everybody = { everybody: true } as const;
    const price = { id: "m1", mediaId: "m1", tenantId: "acme", spaceId: "s", mills: 280, at: 0 };
    await gate.write(UNTOUCHED, { hold: HOLD, outbox: [] });
    await budget.reserve(everybody, price, { capMills: 1000 });
    const before = await budget.standing(everybody);
    expect(before).toMatchObject({ open: 1 });
    await gate.write((await gate.read()).account, { hold: undefined, outbox: [] });
    expect(await budget.standing(everybody)).toEqual(before);
    expect((await gate.read()).account).toEqual({ version: 2, hold: undefined, outbox: [] });
  });

  it("keeps what is still to be said, with all of it", async () => {
    await gate.write(UNTOUCHED, { hold: HOLD, outbox: [SAID] });
    expect((await gate.read()).account.outbox).toEqual([SAID]);
  });

  describe("a write", () => {
    it("is refused where another has come between, and changes nothing then", async () => {
      const { account } = await gate.read();
      expect(await gate.write(account, { hold: HOLD, outbox: [] })).toBe(true);
      expect(await gate.write(account, { outbox: [SAID] })).toBe(false);
      expect((await gate.read()).account).toEqual({ version: 1, hold: HOLD, outbox: [] });
    });

    it("is one's of any number who have seen the same", async () => {
      await gate.write(UNTOUCHED, { hold: HOLD, outbox: [] });
      const { account } = await gate.read();
      const tries = Array.from({ length: 20 }, (_, n) =>
        gate.write(account, { hold: { ...HOLD, probeAt: `2026-01-01T00:0${n % 10}:00.000Z` }, outbox: [] }),
      );
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect((await gate.read()).account.version).toBe(2);
    });
  });
}
