// What every store of accounts must do, whatever it runs on.
import { beforeEach, describe, expect, it } from "vitest";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import { EVERYBODYS_SHARDS } from "../../shared/adapters/dynamo-shards.ts";
import { ABANDONED_AFTER_MS } from "../../shared/money/budget.ts";
import { instant } from "../../shared/media/instant.ts";
import type { Account } from "../../shared/media/account.ts";
import type { AccountLimits, Budget, Refusal, Reservation } from "../../shared/media/ports.ts";
import { ManualClock } from "../support/manual-clock.ts";

type Options = Omit<Parameters<typeof createDynamoBudget>[0], "clock">;

const ACME: Account = { tenantId: "acme" };
const ACME_DAY: Account = { tenantId: "acme", day: true };
const EVERYBODY: Account = { everybody: true };

export function budgetContract(open: () => Promise<Options>): void {
  let clock: ManualClock;
  let budget: Budget;
  beforeEach(async () => {
    clock = new ManualClock("2026-01-31T23:50:00.000Z");
    budget = createDynamoBudget({ ...(await open()), clock });
  });

  const reservation = (id: string, mills = 280): Reservation => ({
    id,
    mediaId: id,
    tenantId: "acme",
    spaceId: "holiday",
    mills,
    at: clock.now(),
  });
  /** @returns why it was refused, if it was */
  const reserve = async (
    id: string,
    limits: AccountLimits,
    mills?: number,
    account = ACME,
  ): Promise<Refusal | undefined> => {
    const answer = await budget.reserve(account, reservation(id, mills), limits);
    return answer.reason === undefined ? undefined : answer;
  };
  /** What is left, by what the account says when it is asked for more than it has. */
  async function left(capMills: number): Promise<number> {
    const refusal = await reserve("never", { capMills }, capMills + 1);
    if (refusal?.reason !== "over_budget") throw new Error(`not refused: ${JSON.stringify(refusal)}`);
    return refusal.leftMills;
  }
  /** Everybody's account is kept in shards. */
  const partsOf = (account: Account) => ("everybody" in account ? [account, ...EVERYBODYS_SHARDS] : [account]);
  const openIds = async (account = ACME) => {
    const open = await Promise.all(partsOf(account).map((part) => budget.open(part)));
    return open
      .flat()
      .map(({ id }) => id)
      .sort();
  };

  describe("putting aside", () => {
    it("takes prices up to exactly the cap, and says what is left and when it renews", async () => {
      const limits = { capMills: 1000 };
      expect(await reserve("a", limits, 600)).toBeUndefined();
      expect(await reserve("b", limits, 401)).toEqual({
        reason: "over_budget",
        leftMills: 400,
        renewsAt: "2026-02-01T00:00:00.000Z",
      });
      expect(await reserve("b", limits, 400)).toBeUndefined();
      expect(await reserve("c", limits, 1)).toMatchObject({ reason: "over_budget", leftMills: 0 });
      expect(await openIds()).toEqual(["a", "b"]);
    });

    it("refuses the very first when it costs more than the cap", async () => {
      expect(await reserve("a", { capMills: 279 })).toMatchObject({ reason: "over_budget", leftMills: 279 });
      expect(await openIds()).toEqual([]);
    });

    it("is one, however often it is asked for", async () => {
      for (let n = 0; n < 3; n++) expect(await reserve("a", { capMills: 280, maxOpen: 1 })).toBeUndefined();
      expect(await left(1000)).toBe(720);
    });

    it("gives back exactly what was put aside", async () => {
      await reserve("a", {});
      expect(await budget.open(ACME)).toEqual([reservation("a")]);
    });

    it("lets no more be open at once than may be", async () => {
      const limits = { maxOpen: 2 };
      await reserve("a", limits);
      await reserve("b", limits);
      expect(await reserve("c", limits)).toEqual({ reason: "too_many_open", retryAfterSeconds: 30 });
      await budget.settle(ACME, "a", "spent");
      expect(await reserve("c", limits)).toBeUndefined();
    });

    it("lets no more be started in a minute than may be, and says when the next begins", async () => {
      clock.advance(12);
      const limits = { startsPerMinute: 2 };
      await reserve("a", limits);
      await reserve("b", limits);
      expect(await reserve("c", limits)).toEqual({ reason: "rate_limited", retryAfterSeconds: 48 });
      clock.advance(48);
      expect(await reserve("c", limits)).toBeUndefined();
      expect(await reserve("d", limits)).toBeUndefined();
      expect(await reserve("e", limits)).toMatchObject({ reason: "rate_limited" });
    });

    it("begins with nothing in a new month, what is open staying open", async () => {
      const limits = { capMills: 300 };
      await reserve("january", limits);
      clock.advance(600);
      expect(await left(300)).toBe(300);
      expect(await reserve("february", limits)).toBeUndefined();
      expect(await openIds()).toEqual(["february", "january"]);
      expect(await left(300)).toBe(20);
    });

    it("commits in the month that others have begun, whatever a slow clock says", async () => {
      clock.advance(600);
      await reserve("february", { capMills: 300 });
      clock.advance(-600);
      expect(await reserve("slow", { capMills: 300 })).toMatchObject({ reason: "over_budget", leftMills: 20 });
    });

    it("begins with nothing in a new day where the account has days, and renews at midnight", async () => {
      const limits = { capMills: 300 };
      clock.advance(-86_400);
      await reserve("friday", limits, 280, ACME_DAY);
      expect(await reserve("more", limits, 280, ACME_DAY)).toEqual({
        reason: "over_budget",
        leftMills: 20,
        renewsAt: "2026-01-31T00:00:00.000Z",
      });
      clock.advance(600);
      expect(await reserve("saturday", limits, 280, ACME_DAY)).toBeUndefined();
      expect(await budget.settle(ACME_DAY, "friday", "refunded")).toBe(true);
      expect(await budget.standing(ACME_DAY)).toMatchObject({ period: "2026-01-31", committedMills: 280, open: 1 });
      clock.advance(86_400);
      expect(await budget.standing(ACME_DAY)).toMatchObject({ period: "2026-02-01", committedMills: 0, open: 1 });
    });

    it("keeps different accounts apart, whatever their names hold", async () => {
      const limits = { capMills: 280 };
      const accounts: Account[] = [
        EVERYBODY,
        ACME,
        ACME_DAY,
        { tenantId: "acme", userId: "DAY" },
        { tenantId: "acme", userId: "ada" },
        { tenantId: "acme#USER#ada", day: true },
        { tenantId: "acme#DAY" },
        { tenantId: "本".repeat(128), userId: "人".repeat(128) },
        { tenantId: "a#BUDGET" },
        { tenantId: "BUDGET" },
        { keyId: "5f2a9c01" },
      ];
      for (const account of accounts) {
        expect(await reserve("a", limits, 280, account)).toBeUndefined();
        expect(await openIds(account)).toEqual(["a"]);
      }
      const due = await budget.due("9999");
      // Everybody's is there with its one shard.
      expect(due).toHaveLength(accounts.length + 1);
      expect(due).toEqual(expect.arrayContaining(accounts));
    });
  });

  describe("settling", () => {
    it("keeps what was spent committed, and gives back what was not, once", async () => {
      await reserve("spent", {}, 100);
      await reserve("refunded", {}, 200);
      expect(await budget.settle(ACME, "spent", "spent")).toBe(true);
      expect(await budget.settle(ACME, "refunded", "refunded")).toBe(true);
      expect(await left(1000)).toBe(900);
      for (const outcome of ["spent", "refunded"] as const) {
        expect(await budget.settle(ACME, "spent", outcome)).toBe(false);
        expect(await budget.settle(ACME, "refunded", outcome)).toBe(false);
      }
      expect(await left(1000)).toBe(900);
      expect(await openIds()).toEqual([]);
    });

    it("gives back once, of fifty who try", async () => {
      await reserve("a", {}, 500);
      await reserve("b", {}, 100);
      const refunds = await Promise.all(Array.from({ length: 50 }, () => budget.settle(ACME, "a", "refunded")));
      expect(refunds.filter(Boolean)).toHaveLength(1);
      expect(await left(1000)).toBe(900);
    });

    it("takes nothing off this month for what was committed in the one before", async () => {
      await reserve("january", {}, 700);
      clock.advance(600);
      await reserve("february", {}, 100);
      expect(await budget.settle(ACME, "january", "refunded")).toBe(true);
      expect(await left(1000)).toBe(900);
      expect(await openIds()).toEqual(["february"]);
    });

    it("knows nothing of an account that there is not", async () => {
      expect(await budget.settle(ACME, "a", "spent")).toBe(false);
      expect(await budget.settle(ACME, "a", "refunded")).toBe(false);
      expect(await budget.open(ACME)).toEqual([]);
    });

    it("leaves what another attempt has asked for since", async () => {
      await reserve("a", {});
      const before = clock.now();
      clock.advance(1);
      await reserve("a", {});
      expect(await budget.settle(ACME, "a", "refunded", before)).toBe(false);
      expect(await openIds()).toEqual(["a"]);
      expect(await budget.settle(ACME, "a", "refunded", clock.now())).toBe(true);
    });
  });

  describe("withdrawing", () => {
    it("gives back what this ask has put aside, once", async () => {
      const asked = reservation("a", 700);
      await budget.reserve(ACME, asked, {});
      for (let n = 0; n < 2; n++) await budget.withdraw(ACME, asked);
      expect(await left(1000)).toBe(1000);
      expect(await openIds()).toEqual([]);
    });

    it("leaves what another attempt asks for at the same time, whichever of the two is refused", async () => {
      const asked = reservation("a", 700);
      await budget.reserve(ACME, asked, {});
      await budget.reserve(ACME, asked, {});
      for (let n = 0; n < 2; n++) await budget.withdraw(ACME, asked);
      expect(await openIds()).toEqual(["a"]);
      expect(await left(1000)).toBe(300);
    });

    it("that arrives late leaves what a later ask has put aside", async () => {
      const asked = reservation("a");
      await budget.reserve(ACME, asked, {});
      await budget.withdraw(ACME, asked);
      clock.advance(8);
      await reserve("a", {});
      await budget.withdraw(ACME, asked);
      expect(await openIds()).toEqual(["a"]);
    });
  });

  describe("how an account stands", () => {
    const UNTOUCHED = { committedMills: 0, reservedMills: 0, open: 0, startsThisMinute: 0, stopped: false };

    it("is told before it was ever used", async () => {
      expect(await budget.standing(ACME)).toEqual({ ...UNTOUCHED, period: "2026-01" });
    });

    it("is what was spent, and what is put aside for what is open", async () => {
      await reserve("spent", { startsPerMinute: 9 }, 100);
      await reserve("refunded", { startsPerMinute: 9 }, 200);
      await reserve("open", { startsPerMinute: 9 }, 400);
      await budget.settle(ACME, "spent", "spent");
      await budget.settle(ACME, "refunded", "refunded");
      const standing = { period: "2026-01", committedMills: 500, reservedMills: 400, open: 1, stopped: false };
      expect(await budget.standing(ACME)).toEqual({ ...standing, startsThisMinute: 3 });
      clock.advance(60);
      expect(await budget.standing(ACME)).toEqual({ ...standing, startsThisMinute: 0 });
    });

    it("begins anew with the month, but for what is still open", async () => {
      await reserve("january", {}, 400);
      clock.advance(600);
      expect(await budget.standing(ACME)).toEqual({ ...UNTOUCHED, period: "2026-02", open: 1 });
    });

    it("says of the deployment's account whether the switch is on", async () => {
      await budget.stop(true);
      expect(await budget.standing(EVERYBODY)).toEqual({ ...UNTOUCHED, period: "2026-01", stopped: true });
    });
  });

  describe("a warning", () => {
    const limits: AccountLimits = { capMills: 1000, warningShare: 0.8 };
    const warned = async (account = ACME) => (await budget.warnings(account)).map(({ id }) => id);

    it("comes with the reservation that reaches the share, and is due at once", async () => {
      await reserve("a", limits, 799);
      expect(await warned()).toEqual([]);
      expect(await budget.due(instant(clock.now()))).toEqual([]);
      clock.advance(1);
      await reserve("b", limits, 1);
      expect(await budget.warnings(ACME)).toEqual([
        {
          id: "2026-01/1000",
          tenantId: "acme",
          period: "2026-01",
          capMills: 1000,
          committedMills: 800,
          share: 0.8,
          at: "2026-01-31T23:50:01.000Z",
        },
      ]);
      expect(await budget.due(instant(clock.now()))).toEqual([ACME]);
    });

    it("comes with the very first reservation where that is so large", async () => {
      await reserve("a", limits, 900);
      expect(await budget.warnings(ACME)).toMatchObject([{ committedMills: 900 }]);
    });

    it("comes once for a cap and period, however often the share is crossed", async () => {
      for (let n = 0; n < 3; n++) {
        await reserve(`a${n}`, limits, 900);
        await budget.settle(ACME, `a${n}`, "refunded");
        expect(await warned()).toEqual(n === 0 ? ["2026-01/1000"] : []);
        await budget.forgetWarning(ACME, "2026-01/1000");
        await budget.forgetWarning(ACME, "2026-01/1000");
      }
    });

    it("comes again with a new month, and with a new cap, beside one that was not told yet", async () => {
      await reserve("a", limits, 900);
      await reserve("b", { ...limits, capMills: 1200 }, 60);
      await budget.settle(ACME, "b", "refunded");
      await reserve("c", { ...limits, capMills: 1200 }, 60);
      expect(await warned()).toEqual(["2026-01/1000", "2026-01/1200"]);
      clock.advance(600);
      await reserve("d", limits, 700);
      expect(await warned()).toHaveLength(2);
      await reserve("e", limits, 100);
      expect((await warned()).sort()).toEqual(["2026-01/1000", "2026-01/1200", "2026-02/1000"]);
    });

    it("keeps its account in the sweeper's sight until it is told, though nothing is open any more", async () => {
      await reserve("a", limits, 900);
      await budget.settle(ACME, "a", "spent");
      await budget.lookAgain(ACME, instant(clock.now()));
      expect(await budget.due(instant(clock.now()))).toEqual([ACME]);
      await budget.forgetWarning(ACME, "2026-01/1000");
      await budget.lookAgain(ACME, instant(clock.now()));
      expect(await budget.due("9999")).toEqual([]);
    });

    it("is one of a hundred that start at once", async () => {
      const crowd = Array.from({ length: 100 }, (_, n) => reserve(`m${n}`, { ...limits, capMills: 37 * 280 }));
      expect((await Promise.all(crowd)).filter((refusal) => refusal === undefined)).toHaveLength(37);
      expect(await warned()).toEqual([`2026-01/${37 * 280}`]);
    });

    it("is none of an account that has no share, and none below it", async () => {
      await reserve("a", { capMills: 1000 }, 1000);
      await reserve("b", { maxOpen: 5, warningShare: 0.8 }, 1000);
      expect(await warned()).toEqual([]);
    });
  });

  describe("what the sweeper sees", () => {
    it("is every account with something open, once it may be abandoned, until that is settled", async () => {
      await reserve("a", {});
      await reserve("a", {}, 280, EVERYBODY);
      expect(await budget.due(instant(clock.now() + ABANDONED_AFTER_MS - 1))).toEqual([]);
      const later = instant(clock.now() + ABANDONED_AFTER_MS);
      const shard = (await budget.due(later)).find((it) => "everybody" in it && it.shard !== undefined);
      if (!shard) throw new Error("the shard is not due");
      expect(await budget.due(later)).toEqual(expect.arrayContaining([ACME, EVERYBODY]));
      await budget.lookAgain(EVERYBODY, "2026-03-01T00:00:00.000Z");
      await budget.lookAgain(ACME, "2026-03-01T00:00:00.000Z");
      await budget.settle(shard, "a", "spent");
      await budget.lookAgain(shard, "2026-03-01T00:00:00.000Z");
      expect(await budget.due("2026-02-28T00:00:00.000Z")).toEqual([]);
      expect(await budget.due("2026-03-01T00:00:00.000Z")).toEqual([ACME]);
    });
  });

  describe("the kill switch", () => {
    it("refuses everything that comes after it, on the deployment's account alone, and is turned off again", async () => {
      expect(await budget.isStopped()).toBe(false);
      await reserve("a", {}, 280, EVERYBODY);
      await budget.stop(true);
      expect(await budget.isStopped()).toBe(true);
      expect(await reserve("b", {}, 280, EVERYBODY)).toEqual({ reason: "stopped" });
      const settled = await Promise.all(partsOf(EVERYBODY).map((part) => budget.settle(part, "a", "refunded")));
      expect(settled.filter(Boolean)).toHaveLength(1);
      await budget.stop(false);
      expect(await budget.isStopped()).toBe(false);
      expect(await reserve("b", {}, 280, EVERYBODY)).toBeUndefined();
    });

    it("refuses an attempt that asks again for what is put aside, too", async () => {
      await reserve("a", {}, 280, EVERYBODY);
      await budget.stop(true);
      expect(await reserve("a", {}, 280, EVERYBODY)).toEqual({ reason: "stopped" });
      expect(await openIds(EVERYBODY)).toEqual(["a"]);
      await budget.stop(false);
      expect(await reserve("a", {}, 280, EVERYBODY)).toBeUndefined();
    });

    it("can be on before anything was ever put aside", async () => {
      await budget.stop(true);
      expect(await reserve("a", { capMills: 1000 }, 280, EVERYBODY)).toEqual({ reason: "stopped" });
      await budget.stop(false);
      expect(await reserve("a", { capMills: 1000 }, 280, EVERYBODY)).toBeUndefined();
    });
  });

  describe("in a crowd", () => {
    it("a hundred at once take exactly the cap, the first that the account ever sees (F40)", async () => {
      const limits = { capMills: 37 * 280, startsPerMinute: 1000, maxOpen: 500 };
      const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => reserve(`m${n}`, limits)));
      expect(answers.filter((refusal) => refusal === undefined)).toHaveLength(37);
      expect(await left(37 * 280)).toBe(0);
    });

    it.each<[AccountLimits, Refusal["reason"]]>([
      [{ maxOpen: 7 }, "too_many_open"],
      [{ startsPerMinute: 7 }, "rate_limited"],
    ])("of a hundred at once %o lets seven through", async (limits, reason) => {
      const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => reserve(`m${n}`, limits)));
      expect(answers.filter((refusal) => refusal === undefined)).toHaveLength(7);
      expect(answers.filter((refusal) => refusal?.reason === reason)).toHaveLength(93);
    });

    it("none gets through once the switch is on, in the middle of a burst (F41)", async () => {
      const after: (Refusal | undefined)[] = [];
      const burst = Array.from({ length: 100 }, (_, n) => reserve(`before-${n}`, {}, 280, EVERYBODY));
      await budget.stop(true);
      for (let n = 0; n < 50; n++) after.push(await reserve(`after-${n}`, {}, 280, EVERYBODY));
      await Promise.all(burst);
      expect(after).toEqual(Array.from({ length: 50 }, () => ({ reason: "stopped" })));
      expect((await openIds(EVERYBODY)).every((id) => id.startsWith("before-"))).toBe(true);
    });
  });
}
