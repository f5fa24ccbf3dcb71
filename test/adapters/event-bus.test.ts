// What happened, on EventBridge, through the real SDK client: ten entries a call, the published detail, and only what the bus took is given back.
import { Readable } from "node:stream";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { createEventBridgeBus } from "../../shared/adapters/event-bus.ts";
import type { Media } from "../../shared/media/media.ts";
import type { MediaEvent } from "../../shared/media/ports.ts";
import type { EventType } from "../../shared/media/status.ts";
import { createEventBus } from "../../stacks/local/aws/event-bus.ts";
import { openRules } from "../../stacks/local/aws/rules.ts";
import { temporaryDirectory } from "../local/temporary-directory.ts";
import { faultsOfDetail, PUBLISHED_SCHEMAS } from "../support/event-schemas.ts";
import { queuedMedia } from "../support/sample-media.ts";

const AT = "2026-01-01T00:00:30.000Z";
const EVENT_SOURCE = "media.generation";

const putEvents = z.object({
  Entries: z
    .array(
      z.strictObject({
        EventBusName: z.string(),
        Source: z.string(),
        DetailType: z.string(),
        Detail: z.string(),
        Time: z.number(),
      }),
    )
    .min(1),
});
type Entry = z.infer<typeof putEvents>["Entries"][number];
type Result = { EventId: string } | { ErrorCode: string; ErrorMessage: string };

let calls: Entry[][];
/** What the bus says of each entry, or why it says nothing. */
let verdict: (entry: Entry) => Result;
let answer: (entries: Entry[]) => { statusCode: number; json: unknown };
beforeEach(() => {
  calls = [];
  verdict = () => ({ EventId: "11710aed-b79e-4468-a20b-bb3c0c3b4860" });
  answer = (entries) => {
    const Entries = entries.map(verdict);
    return { statusCode: 200, json: { Entries, FailedEntryCount: Entries.filter((one) => "ErrorCode" in one).length } };
  };
});

const bus = createEventBridgeBus({
  busName: "media-production",
  client: new EventBridgeClient({
    region: "eu-west-3",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ headers, body }: { headers: Record<string, string>; body: Uint8Array }) => {
        expect(headers["x-amz-target"]).toBe("AWSEvents.PutEvents");
        const { Entries } = putEvents.parse(JSON.parse(Buffer.concat([body]).toString()));
        calls.push(Entries);
        const { statusCode, json } = answer(Entries);
        return { response: { statusCode, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(json))]) } };
      },
    },
  }),
});

const completed = (overrides: Partial<Media> = {}): Media =>
  queuedMedia({
    phase: "completed",
    requestId: "job-1",
    prompt: "Waves roll in, cinematic.",
    source: { key: "sources/m-1-1-abc.jpg", width: 1920, height: 1080 },
    providerVideoUrl: "https://fal.example/files/video.mp4",
    video: {
      key: "videos/m-1.mp4",
      size: 41_207,
      sha256: "ab".repeat(32),
      width: 1920,
      height: 1080,
      fps: 24,
      durationInSeconds: 5,
    },
    description: [{ start: 0, text: "Waves at a beach." }],
    analysisStatus: "completed",
    ...overrides,
  });

const failed = (): Media =>
  queuedMedia({ phase: "failed", error: { code: "timed_out", message: "The generation was not finished in time." } });

const event = (
  media: Media,
  type: EventType = "Generation Completed",
  id = `${media.id}:${media.phase}`,
): MediaEvent => ({
  id,
  type,
  at: AT,
  media,
});
const events = (count: number) =>
  Array.from({ length: count }, (_, n) => event(completed(), "Generation Completed", `m-${n}:completed`));

/** The detail on the wire, which must hold what is published and not a field more. */
async function detailOf(media: Media, type?: EventType): Promise<unknown> {
  calls = [];
  await bus.publish([event(media, type)]);
  const entry = calls[0]?.[0];
  const detail: unknown = JSON.parse(entry?.Detail ?? "");
  expect(faultsOfDetail(entry?.DetailType ?? "", detail)).toEqual([]);
  const { properties } = z
    .object({ properties: z.record(z.string(), z.unknown()) })
    .parse(PUBLISHED_SCHEMAS.get(entry?.DetailType ?? ""));
  expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(z.object({}).loose().parse(detail))));
  return detail;
}

describe("an event", () => {
  it("goes to the bus under our source, its type and its time", async () => {
    await bus.publish([event(completed())]);
    expect(calls).toEqual([
      [
        {
          EventBusName: "media-production",
          Source: EVENT_SOURCE,
          DetailType: "Generation Completed",
          Detail: expect.any(String),
          Time: Date.parse(AT) / 1000,
        },
      ],
    ]);
  });

  const { id, tenantId, spaceId } = queuedMedia();
  const about = { version: 1, tenantId, spaceId, mediaId: id, model: "kling-2.1", generationMode: "standard", at: AT };
  const video = { key: "videos/m-1.mp4", size: 41_207, width: 1920, height: 1080, durationInSeconds: 5 };
  const started = queuedMedia({ phase: "generating", requestId: "job-1" });

  it.each<[EventType, Media, object]>([
    ["Generation Started", started, { requestId: "job-1", status: "generating" }],
    ["Generation Completed", completed(), { requestId: "job-1", status: "completed", video }],
    ["Generation Failed", failed(), { status: "failed", error: failed().error }],
    ["Media Deleted", queuedMedia({ phase: "deleted" }), { status: "deleted" }],
    ["Generation Canceled", queuedMedia({ phase: "canceled" }), { status: "canceled" }],
    [
      "Media Analyzed",
      completed({ poster: { key: "videos/m-1.jpg", width: 1920, height: 1080 } }),
      {
        requestId: "job-1",
        status: "completed",
        video,
        poster: { key: "videos/m-1.jpg", width: 1920, height: 1080 },
        description: "Waves at a beach.",
      },
    ],
    [
      "Generation Orphaned",
      queuedMedia({ phase: "canceled", orphanRequestIds: ["job-2"] }),
      { status: "canceled", orphanRequestIds: ["job-2"] },
    ],
  ])("%s tells its keys and facts, as its schema has them", async (type, media, facts) => {
    expect(await detailOf(media, type)).toEqual({ ...about, id: `${id}:${media.phase}`, ...facts });
  });

  it("that is published late tells what was, not what has become of it", async () => {
    expect(await detailOf(completed(), "Generation Started")).toMatchObject({ status: "generating" });
    const redriven = { ...started, phase: "finalizing" as const };
    expect(await detailOf(redriven, "Generation Failed")).toMatchObject({ error: { code: "delivery_failed" } });
  });

  it("of a video that no model could describe has no description", async () => {
    const media = completed({ description: [], analysisStatus: "failed" });
    expect(await detailOf(media, "Media Analyzed")).not.toHaveProperty("description");
  });

  it("tells no link and none of the user's words", async () => {
    const { context, image, prompt, providerVideoUrl, source, video } = completed();
    await bus.publish([event(completed())]);
    const told = calls[0]?.[0]?.Detail ?? "";
    for (const secret of [context, image.link, prompt, providerVideoUrl, source?.key, video?.sha256]) {
      expect(secret).toBeTruthy();
      expect(told).not.toContain(secret);
    }
    expect(told).not.toContain("://");
  });
});

describe("many events", () => {
  it.each([
    [1, [1]],
    [10, [10]],
    [11, [10, 1]],
    [20, [10, 10]],
    [23, [10, 10, 3]],
  ])("%d go in calls of at most ten, in their order", async (count, sizes) => {
    const sent = events(count);
    expect(await bus.publish(sent)).toEqual(sent.map(({ id }) => id));
    expect(calls.map((entries) => entries.length)).toEqual(sizes);
    const ids = calls.flat().map(({ Detail }) => z.object({ id: z.string() }).parse(JSON.parse(Detail)).id);
    expect(ids).toEqual(sent.map(({ id }) => id));
  });

  it("that are none make no call", async () => {
    expect(await bus.publish([])).toEqual([]);
    expect(calls).toEqual([]);
  });
});

describe("a bus that refuses", () => {
  it("some entries gives back the ids of the others, in every call", async () => {
    const refused = ["m-0:completed", "m-9:completed", "m-10:completed", "m-22:completed"];
    verdict = ({ Detail }) =>
      refused.some((id) => Detail.includes(`"${id}"`))
        ? { ErrorCode: "ThrottlingException", ErrorMessage: "Rate exceeded" }
        : { EventId: "taken" };
    const sent = events(23).map(({ id }) => id);
    expect(await bus.publish(events(23))).toEqual(sent.filter((id) => !refused.includes(id)));
    expect(calls).toHaveLength(3);
  });

  it("every entry gives back no id", async () => {
    verdict = () => ({ ErrorCode: "InternalFailure", ErrorMessage: "Try again." });
    expect(await bus.publish(events(3))).toEqual([]);
  });

  it("to say what it took has taken nothing, as far as we know", async () => {
    answer = () => ({ statusCode: 200, json: {} });
    expect(await bus.publish(events(3))).toEqual([]);
  });

  it.each([
    ["ThrottlingException", 400],
    ["AccessDeniedException", 400],
    ["InternalException", 500],
  ])("the whole call is an error: %s", async (code, statusCode) => {
    answer = () => ({ statusCode, json: { __type: code, message: "no" } });
    await expect(bus.publish(events(3))).rejects.toMatchObject({ name: code });
  });
});

it("the bus of this machine takes what we send", async () => {
  const delivered: unknown[] = [];
  const rule = {
    name: "r",
    bus: "media" as const,
    pattern: { source: [EVENT_SOURCE] },
    handler: "functions/events/some-listener.handler",
  };
  const local = createEventBus(await openRules([rule], () => true, await temporaryDirectory()), {
    accept: async (_to, envelope) => void delivered.push(envelope),
  });
  await bus.publish([event(completed())]);
  const Entries = calls.flat().map((entry) => ({ ...entry, EventBusName: "media" }));
  expect(await local.putEvents({ Entries })).toMatchObject({ FailedEntryCount: 0 });
  expect(delivered).toMatchObject([
    { "detail-type": "Generation Completed", source: EVENT_SOURCE, time: "2026-01-01T00:00:30Z", detail: { at: AT } },
  ]);
});
