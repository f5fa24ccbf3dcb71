// What a function keeps for its life: what was made, never what failed.
import { expect, it } from "vitest";
import { lazy } from "../../shared/services/lazy.ts";

it("makes the thing once, on the first call", () => {
  let made = 0;
  const thing = lazy(() => ({ number: ++made }));
  expect(made).toBe(0);
  expect(thing()).toBe(thing());
  expect(made).toBe(1);
});

it("makes it again after a failure, thrown or rejected", async () => {
  const answers = [
    () => {
      throw new Error("no settings");
    },
    () => Promise.reject(new Error("the module could not be loaded")),
    () => Promise.resolve("loaded"),
  ];
  let calls = 0;
  const thing = lazy(() => (answers[calls++] ?? (() => Promise.resolve("once more")))());
  expect(thing).toThrow("no settings");
  await expect(thing()).rejects.toThrow("could not be loaded");
  await expect(thing()).resolves.toBe("loaded");
  await expect(thing()).resolves.toBe("loaded");
  expect(calls).toBe(3);
});

it("gives all callers of one failed attempt the same failure", async () => {
  let calls = 0;
  const thing = lazy(() => Promise.reject(new Error(`attempt ${++calls}`)));
  const both = await Promise.allSettled([thing(), thing()]);
  expect(both.map((result) => result.status === "rejected" && String(result.reason))).toEqual([
    "Error: attempt 1",
    "Error: attempt 1",
  ]);
});
