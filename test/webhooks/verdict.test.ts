// What an answer means, and when the next try is.
import { describe, expect, it } from "vitest";
import { nextTry, verdictOf } from "../../shared/webhooks/verdict.ts";

const NOW = Date.parse("2026-01-01T00:00:00.000Z");
const HOUR = 3600_000;

describe("an answer", () => {
  it.each([
    [200, "delivered"],
    [204, "delivered"],
    [299, "delivered"],
    [301, "failed"],
    [308, "failed"],
    [400, "failed"],
    [404, "failed"],
    [410, "gone"],
    [429, "failed"],
    [500, "failed"],
    [101, "failed"],
  ])("of %i is %s", (statusCode, outcome) => {
    expect(verdictOf({ statusCode }, NOW).outcome).toBe(outcome);
  });

  it("that is none is a failure with its reason", () => {
    expect(verdictOf({ fault: "The connection failed (ECONNREFUSED)." }, NOW)).toEqual({
      outcome: "failed",
      error: "The connection failed (ECONNREFUSED).",
    });
  });

  it.each([
    ["120", 120_000],
    ["Thu, 01 Jan 2026 01:00:00 GMT", HOUR],
    ["999999999", 24 * HOUR],
    ["Fri, 01 Jan 2027 00:00:00 GMT", 24 * HOUR],
    ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ])("with Retry-After: %s is given so much time", (retryAfter, waitMs) => {
    expect(verdictOf({ statusCode: 503, retryAfter }, NOW)).toMatchObject({ notBeforeMs: NOW + waitMs });
  });

  it.each(["soon", "", "-1e", "1e99"])("with Retry-After: %s says nothing", (retryAfter) => {
    expect(verdictOf({ statusCode: 503, retryAfter }, NOW)).not.toHaveProperty("notBeforeMs");
  });
});

describe("the next try", () => {
  const delays = (random: number) =>
    Array.from({ length: 10 }, (_, n) => nextTry(n + 1, NOW, random)).map((at) => at && (at - NOW) / 1000);

  it("comes after 5 s, 5 and 30 min, 2, 5, 10, 14, 20 and 24 h, and after ten there is none", () => {
    expect(delays(0.5)).toEqual([5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400, undefined]);
  });

  it("is spread by a fifth, the second within 2 to 20 s", () => {
    expect(delays(0)[0]).toBe(4);
    expect(delays(1)[0]).toBe(6);
    expect(delays(0)[8]).toBe(69_120);
    expect(delays(1)[8]).toBe(103_680);
  });

  it("is not before what the receiver has asked for", () => {
    expect(nextTry(1, NOW, 0.5, NOW + HOUR)).toBe(NOW + HOUR);
    expect(nextTry(4, NOW, 0.5, NOW + HOUR)).toBe(NOW + 2 * HOUR);
  });
});
