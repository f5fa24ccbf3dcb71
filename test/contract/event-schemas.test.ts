// The published JSON Schemas: they are what the contract says today, one for each event, and they bite.
import { describe, expect, it } from "vitest";
import { eventSchemas } from "../../shared/contract/event-schemas.ts";
import { generationRequestedDetail } from "../../shared/contract/generation-requested.ts";
import { EVENT_TYPES } from "../../shared/media/status.ts";
import { faultsOfDetail, PUBLISHED_SCHEMAS } from "../support/event-schemas.ts";

const REQUESTED = {
  tenantId: "acme",
  spaceId: "holiday",
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: "https://pictures.example/beach.jpg" } } },
};
const COMPLETED = {
  version: 1,
  id: "m:completed",
  tenantId: "acme",
  spaceId: "holiday",
  mediaId: "m",
  status: "completed",
  video: { key: "videos/m.mp4", size: 1, width: 1920, height: 1080, durationInSeconds: 5 },
  at: "2026-01-01T00:00:30.000Z",
};

describe("the schemas in docs/schemas", () => {
  it("are those of the contract: `npm run schemas` writes them anew", () => {
    const current = JSON.parse(JSON.stringify(eventSchemas())) as Record<string, unknown>;
    expect(Object.fromEntries(PUBLISHED_SCHEMAS)).toEqual(current);
  });

  it("are one for each event, in and out", () => {
    expect([...PUBLISHED_SCHEMAS.keys()].toSorted()).toEqual(
      [
        "Generation Requested",
        "Generation Refused",
        "Webhook Disabled",
        "Budget Warning",
        "Provider Account Held",
        "Provider Account Released",
        "Billing Unmatched",
        ...EVENT_TYPES,
      ].toSorted(),
    );
  });

  it.each([
    ["Generation Requested", REQUESTED],
    ["Generation Completed", COMPLETED],
  ])("take a good %s, also with fields of a later version", (detailType, detail) => {
    expect(faultsOfDetail(detailType, detail)).toEqual([]);
    expect(faultsOfDetail(detailType, { ...detail, fieldOfTomorrow: [1] })).toEqual([]);
  });

  it.each([
    [{ ...REQUESTED, tenantId: undefined }],
    [{ ...REQUESTED, mode: "turbo" }],
    [{ ...REQUESTED, context: 7 }],
    [{ ...REQUESTED, idempotencyKey: "two words" }],
    [{ ...REQUESTED, mediaSpace: { media: {} } }],
  ])("refuse what the function refuses: %o", (detail) => {
    expect(faultsOfDetail("Generation Requested", detail)).not.toEqual([]);
    expect(generationRequestedDetail.safeParse(detail).success).toBe(false);
  });

  it.each([
    [{ ...COMPLETED, status: "failed" }, "/status"],
    [{ ...COMPLETED, video: undefined }, "video"],
    [{ ...COMPLETED, at: "yesterday" }, "/at"],
    [{ ...COMPLETED, version: 2 }, "/version"],
  ])("refuse %o", (detail, where) => {
    expect(faultsOfDetail("Generation Completed", detail).join()).toContain(where);
  });
});
