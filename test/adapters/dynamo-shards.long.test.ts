// Everybody's account in shards, when many come at once: never over the cap after any write, and everything that fits goes through.
import { describe, expect, it } from "vitest";
import { mulberry32 } from "../../stacks/fal-simulator/random.ts";
import { EVERYBODY, watched } from "./watched-account.ts";

describe("everybody's account in shards", () => {
  it.each([
    [37 * 280, 280, 37],
    [1000, 280, 3],
  ])(
    "of 200 at once a cap of %i lets prices of %i through %i times, and again when they are refunded",
    { timeout: 120_000 },
    async (capMills, mills, fits) => {
      const { budget, reserve } = await watched(() => capMills);
      for (let round = 0; round < 2; round++) {
        const answers = await Promise.all(
          Array.from({ length: 200 }, (_, n) => reserve(`r${round}-${n}`, mills, { capMills })),
        );
        const taken = answers.flatMap((it, n) =>
          it.reason === undefined ? [{ id: `r${round}-${n}`, account: it.account }] : [],
        );
        expect(taken).toHaveLength(fits);
        expect(answers.filter((it) => it.reason === "over_budget")).toHaveLength(200 - fits);
        expect((await budget.standing(EVERYBODY)).committedMills).toBe(fits * mills);
        for (const { id, account } of taken) expect(await budget.settle(account, id, "refunded")).toBe(true);
        expect(await budget.standing(EVERYBODY)).toMatchObject({ committedMills: 0, reservedMills: 0, open: 0 });
      }
    },
  );

  it.each([1, 2])(
    "random starts and ends, with the month between them, never exceed the cap (seed %i)",
    { timeout: 120_000 },
    async (seed) => {
      const capMills = 20_000;
      const { budget, clock, reserve } = await watched(() => capMills);
      const next = mulberry32(seed);
      let [spent, refused] = [0, 0];
      for (let burst = 0; burst < 12; burst++) {
        if (burst === 8) {
          clock.advance(3600);
          spent = 0;
        }
        await Promise.all(
          Array.from({ length: 25 }, async (_, n) => {
            const mills = [280, 490, 980, 2800][Math.floor(next() * 4)] ?? 280;
            const outcome = next() < 0.4 ? ("spent" as const) : ("refunded" as const);
            const answer = await reserve(`b${burst}-${n}`, mills, { capMills });
            if (answer.reason !== undefined) return void refused++;
            expect(await budget.settle(answer.account, `b${burst}-${n}`, outcome)).toBe(true);
            if (outcome === "spent") spent += mills;
          }),
        );
      }
      expect(refused).toBeGreaterThan(0);
      expect(await budget.standing(EVERYBODY)).toMatchObject({ committedMills: spent, reservedMills: 0, open: 0 });
    },
  );
});
