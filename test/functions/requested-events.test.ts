// Generation Requested as EventBridge delivers it: started once, for the tenant that it names, or refused in words for its sender.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { inProcessCloud, PHOTO_URL, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));

let cloud: InProcessCloud;
beforeAll(async () => {
  cloud = await inProcessCloud(link, "paused", { AUTH: "jwt" });
});
afterAll(() => cloud.workflow.close());

/** A space of its own for each test. */
let spaceId = "";
beforeEach(({ task }) => {
  spaceId = task.id;
});

const DETAIL = () => ({
  tenantId: "acme",
  spaceId,
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { id: "product-7", media: { image: { link: PHOTO_URL } } },
});

/** One delivery; undefined when it was carried out, else what the dead-letter queue would show. */
async function deliver(detail: object, id = `event-of-${spaceId}`, time = new Date().toISOString()) {
  const envelope = { version: "0", id, "detail-type": "Generation Requested", source: "shop", account: "123456789012" };
  const event = { ...envelope, time, region: "us-east-1", resources: [], detail };
  const outcome = await cloud.functions.invoke("start-from-event", event);
  return outcome.ok ? undefined : outcome.error;
}

async function mediaOf(tenant: string) {
  const claims = { sub: "ada", tenant };
  const { json } = await cloud.call("GET /api/spaces/{spaceId}/media", { path: { spaceId }, claims });
  return json.data?.items ?? [];
}

describe("an event", () => {
  it("starts a generation of the tenant that it names, as the bus that it came from", async () => {
    expect(await deliver(DETAIL())).toBeUndefined();
    expect(await mediaOf("acme")).toMatchObject([
      { uploadedBy: "event:shop", baseMediaId: "product-7", media: { phase: "queued", generationMode: "standard" } },
    ]);
    expect(await mediaOf("other")).toEqual([]);
  });

  it("that is delivered again, even many times at once, starts nothing more", async () => {
    await deliver(DETAIL());
    await Promise.all(Array.from({ length: 10 }, () => deliver(DETAIL())));
    expect(await mediaOf("acme")).toHaveLength(1);
  });

  it("put again under another id is another, unless it has the same key", async () => {
    for (const id of ["1", "2"]) await deliver(DETAIL(), `${spaceId}-${id}`);
    expect(await mediaOf("acme")).toHaveLength(2);
    for (const id of ["3", "4"]) await deliver({ ...DETAIL(), idempotencyKey: spaceId }, `${spaceId}-${id}`);
    expect(await mediaOf("acme")).toHaveLength(3);
  });
});

describe("a function that is called by its name", () => {
  it("start-from-event, answers with what it has started, and says whether it had before", async () => {
    const event = { id: `direct-${spaceId}`, source: "batch", detail: DETAIL() };
    const call = async () => {
      const outcome = await cloud.functions.invoke("start-from-event", event);
      return outcome.ok ? (JSON.parse(outcome.payload) as unknown) : outcome.error;
    };
    const first = await call();
    const [media] = await mediaOf("acme");
    expect(first).toEqual({ mediaId: media?.id, spaceId, replayed: false });
    expect(await call()).toEqual({ mediaId: media?.id, spaceId, replayed: true });
  });

  it.each(["enhance-media", "get-media", "report-health"])("%s, says that it wants a request", async (name) => {
    for (const event of [{}, null, "hello", DETAIL(), { requestContext: {} }]) {
      const outcome = await cloud.functions.invoke(name, event);
      expect(outcome).toMatchObject({
        ok: false,
        error: {
          errorType: "NoHttpEventError",
          errorMessage: expect.stringMatching(/HTTP requests.*start-from-event/),
        },
      });
    }
  });
});

describe("an event whose every try is refused", () => {
  const told = () =>
    cloud.published.filter(({ type, detail }) => type === "Generation Refused" && detail["spaceId"] === spaceId);

  it("is told to its tenant after the last of three, so that it can be known, and is started by none after it", async () => {
    const wrong = { ...DETAIL(), mode: "turbo", idempotencyKey: spaceId };
    for (let tried = 1; tried <= 2; tried++) await deliver(wrong);
    expect(told()).toEqual([]);
    expect(await deliver(wrong)).toMatchObject({ errorType: "InvalidEventError" });
    expect(told()).toMatchObject([
      {
        detail: {
          version: 1,
          id: `event-of-${spaceId}:refused`,
          tenantId: "acme",
          baseMediaId: "product-7",
          request: { id: `event-of-${spaceId}`, idempotencyKey: spaceId },
          error: { code: "invalid_request", details: [{ path: "mode" }] },
        },
      },
    ]);
    // Even when it could be carried out by now.
    expect(await deliver(DETAIL())).toMatchObject({ errorType: "RefusedBeforeError" });
    expect(await mediaOf("acme")).toEqual([]);
    expect(told()).toHaveLength(1);
  });

  it("for the kill switch is told with the API's own code", async () => {
    const { budget } = await import("../../shared/services/budget.ts");
    await budget().stop(true);
    for (let tried = 1; tried <= 3; tried++) await deliver(DETAIL());
    await budget().stop(false);
    expect(told()).toMatchObject([{ detail: { error: { code: "starts_stopped" } } }]);
  });

  it("and then is not, is started and not announced as refused", async () => {
    await deliver({ ...DETAIL(), mode: "turbo" });
    expect(await deliver(DETAIL())).toBeUndefined();
    expect(await mediaOf("acme")).toHaveLength(1);
    expect(told()).toEqual([]);
  });

  it("without a tenant is in the dead letters alone", async () => {
    for (let tried = 1; tried <= 3; tried++) await deliver({ ...DETAIL(), tenantId: "" });
    expect(told()).toEqual([]);
  });
});

describe("an event that is refused", () => {
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+Z$/, "Z");

  it("because it is replayed after its key has ended says so, and starts nothing", async () => {
    for (const detail of [DETAIL(), { ...DETAIL(), idempotencyKey: spaceId }]) {
      const refused = await deliver(detail, "replayed", daysAgo(35));
      expect(refused?.errorType).toBe("EventOutlivedError");
      expect(refused?.errorMessage).toMatch(/put on the bus 35 days ago .* was not carried out: .* paid again/);
    }
    expect(await mediaOf("acme")).toEqual([]);
  });

  it("is not one that was replayed while its key is kept", async () => {
    expect(await deliver(DETAIL(), undefined, daysAgo(29))).toBeUndefined();
    expect(await deliver(DETAIL(), undefined, daysAgo(29))).toBeUndefined();
    expect(await mediaOf("acme")).toHaveLength(1);
  });

  it.each<[string, object, string]>([
    ["no tenant", { tenantId: undefined }, "detail.tenantId: "],
    ["no words", { context: "  " }, "detail.context: must say what should happen in the video"],
    ["a mode that does not exist", { mode: "turbo" }, "detail.mode: "],
    [
      "a last frame in standard",
      { tailImageUrl: PHOTO_URL },
      "detail.tailImageUrl: is not possible with kling-2.1 standard",
    ],
    ["a link that is none", { mediaSpace: { media: { image: { link: "beach.jpg" } } } }, "must be an http(s) URL"],
    [
      "fal's spelling of a field",
      { aspect_ratio: "9:16" },
      'aspect_ratio: is not known here; the field is called "aspectRatio"',
    ],
    ["a key with a blank", { idempotencyKey: "two words" }, "must be 1 to 255 visible ASCII characters"],
  ])("for %s says so to its sender, and starts nothing", async (_why, fault, words) => {
    const refused = await deliver({ ...DETAIL(), ...fault });
    expect(refused).toMatchObject({ errorType: "InvalidEventError", errorMessage: expect.stringContaining(words) });
    expect(refused?.errorMessage).toMatch(/^The event is not valid, and was not carried out: .* Correct it/);
    expect(await mediaOf("acme")).toEqual([]);
  });

  it("for the key of another request says so", async () => {
    await deliver({ ...DETAIL(), idempotencyKey: spaceId }, "first");
    const refused = await deliver({ ...DETAIL(), context: "Other words.", idempotencyKey: spaceId }, "second");
    expect(refused).toMatchObject({
      errorType: "IdempotencyKeyReusedError",
      errorMessage: expect.stringContaining("was used with a different request"),
    });
  });
});
