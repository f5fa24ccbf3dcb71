// Everybody's account in shards: what is lent and what is spent, after every single write, and everything that fits goes through.
import { describe, expect, it } from "vitest";
import { EVERYBODYS_SHARDS } from "../../shared/adapters/dynamo-shards.ts";
import { EVERYBODY, watched } from "./watched-account.ts";

describe("everybody's account in shards", () => {
  it("gives one price what lies idle in all its shards", async () => {
    const { budget, reserve } = await watched(() => 2800);
    for (let n = 0; n < 10; n++) await reserve(`m${n}`, 280, { capMills: 2800 });
    expect(await reserve("more", 280, { capMills: 2800 })).toMatchObject({ reason: "over_budget", leftMills: 0 });
    for (let n = 0; n < 10; n++) {
      for (const shard of EVERYBODYS_SHARDS) await budget.settle(shard, `m${n}`, "refunded");
    }
    expect(await reserve("all of it", 2800, { capMills: 2800 })).toHaveProperty("account");
  });

  it("is held to a cap that is lowered, whatever its shards have borrowed before", async () => {
    let capMills = 100_000;
    const { budget, reserve } = await watched(() => capMills);
    for (let n = 0; n < 20; n++) await reserve(`m${n}`, 280, { capMills });
    for (let n = 0; n < 20; n++) for (const shard of EVERYBODYS_SHARDS) await budget.settle(shard, `m${n}`, "refunded");
    capMills = 600;
    const answers = [];
    for (let n = 0; n < 20; n++) answers.push(await reserve(`n${n}`, 280, { capMills }));
    expect(answers.filter(({ reason }) => reason === undefined)).toHaveLength(2);
    capMills = 1000;
    expect(await reserve("third", 280, { capMills })).toHaveProperty("account");
    expect(await reserve("fourth", 280, { capMills })).toMatchObject({ reason: "over_budget", leftMills: 160 });
  });

  it("begins anew with the month, with something open in the one before", async () => {
    const { budget, clock, reserve } = await watched(() => 900);
    const january = await Promise.all(["a", "b", "c"].map((id) => reserve(id, 280, { capMills: 900 })));
    clock.advance(3600);
    for (const id of ["d", "e", "f"]) expect(await reserve(id, 280, { capMills: 900 })).toHaveProperty("account");
    for (const [n, id] of ["a", "b", "c"].entries()) {
      const account = january[n]?.reason === undefined ? january[n]?.account : undefined;
      expect(account && (await budget.settle(account, id, "refunded"))).toBe(true);
    }
    expect(await budget.standing(EVERYBODY)).toMatchObject({ period: "2026-02", committedMills: 840, open: 3 });
    expect(await reserve("g", 280, { capMills: 900 })).toMatchObject({ reason: "over_budget", leftMills: 60 });
  });
});
