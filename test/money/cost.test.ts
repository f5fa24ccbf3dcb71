// What a media says it costs, in each status.
import { describe, expect, it } from "vitest";
import { TEST_MODE_REQUEST_ID } from "../../shared/kling/models.ts";
import { costOf } from "../../shared/money/cost.ts";
import type { Media } from "../../shared/media/media.ts";
import { nanoOf, usdOf, usdText } from "../../shared/money/nano.ts";
import { queuedMedia, storedVideo } from "../support/sample-media.ts";

const done: Partial<Media> = { phase: "completed", requestId: "r-1", video: storedVideo() };

describe("the cost of a media", () => {
  it.each<[string, Partial<Media>, ReturnType<typeof costOf>]>([
    ["that waits", {}, { estimatedUsd: 0.28, charged: false }],
    ["that is being made", { phase: "generating", requestId: "r-1" }, { estimatedUsd: 0.28, charged: false }],
    ["that was delivered", done, { estimatedUsd: 0.28, charged: true }],
    [
      "that was delivered and billed",
      { ...done, billedNanoUsd: 252_000_001 },
      { estimatedUsd: 0.28, billedUsd: 0.252000001, charged: true },
    ],
    ["that has failed", { phase: "failed", requestId: "r-1" }, { estimatedUsd: 0.28, charged: false }],
    ["that was refused", { phase: "failed" }, { estimatedUsd: 0.28, charged: false }],
    ["that was canceled", { phase: "canceled", requestId: "r-1" }, { estimatedUsd: 0.28, charged: false }],
    [
      "that was canceled and billed all the same",
      { phase: "canceled", requestId: "r-1", billedNanoUsd: 280_000_000 },
      { estimatedUsd: 0.28, billedUsd: 0.28, charged: true },
    ],
    [
      "that was made in test mode",
      { ...done, requestId: TEST_MODE_REQUEST_ID },
      { estimatedUsd: 0.28, charged: false },
    ],
    ["of an older version", { ...done, estimatedCostUsd: undefined }, { estimatedUsd: 0.28, charged: true }],
    [
      "that is a picture of the original application",
      { type: "image", phase: undefined, estimatedCostUsd: undefined },
      { estimatedUsd: 0, charged: false },
    ],
  ])("%s", (_which, overrides, cost) => {
    expect(costOf(queuedMedia(overrides))).toEqual(cost);
  });
});

describe("nano-dollars", () => {
  it.each([
    [0, "0"],
    [1, "0.000000001"],
    [280_000_000, "0.28"],
    [1_000_000_000, "1"],
    [123_456_789_012_345_678_901n, "123456789012.345678901"],
    [-1_500_000_000n, "-1.5"],
  ])("%s are $%s", (nano, text) => {
    expect(usdText(nano)).toBe(text);
  });

  it("come back as they went, cent by cent and where a float is not exact", () => {
    for (let mills = 0; mills <= 30_000; mills++) expect(nanoOf(mills / 1000)).toBe(mills * 1_000_000);
    expect(nanoOf(5 * 0.056)).toBe(280_000_000);
    expect(usdOf(nanoOf(8_999_999.123456789))).toBe(8_999_999.123456789);
  });
});
