// What happened, on EventBridge, through the real SDK client: ten entries a call, the published detail, and only what the bus took is given back.
import { Readable } from "node:stream";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { createEventBridgeBus } from "../../shared/adapters/event-bus.ts";
import { generationEventDetail } from "../../shared/contract/events.ts";
import type { Media } from "../../shared/media/media.ts";
import type { MediaEvent } from "../../shared/media/ports.ts";
import { EVENT_SOURCE } from "../../stacks/blueprint/rules.ts";
import { createEventBus } from "../../stacks/local/event-bus.ts";
import { queuedMedia } from "../support/sample-media.ts";

const AT = "2026-01-01T00:00:30.000Z";

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

const event = (media: Media, id = `${media.id}:${media.phase}`): MediaEvent => ({
  id,
  type: "Generation Completed",
  at: AT,
  media,
});
const events = (count: number) => Array.from({ length: count }, (_, n) => event(completed(), `m-${n}:completed`));

/** The detail on the wire, which must hold what is published and not a field more. */
async function detailOf(media: Media) {
  await bus.publish([event(media)]);
  return z.strictObject(generationEventDetail.shape).parse(JSON.parse(calls[0]?.[0]?.Detail ?? ""));
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

  it("tells keys and facts of a finished video, as the contract has them", async () => {
    const { id, tenantId, spaceId } = queuedMedia();
    expect(await detailOf(completed())).toEqual({
      id: `${id}:completed`,
      tenantId,
      spaceId,
      mediaId: id,
      requestId: "job-1",
      generationMode: "standard",
      status: "completed",
      video: { key: "videos/m-1.mp4", size: 41_207, width: 1920, height: 1080, durationInSeconds: 5 },
      description: "Waves at a beach.",
      at: AT,
    });
  });

  it("tells why a generation failed", async () => {
    const error = { code: "timed_out", message: "The generation was not finished in time and was stopped." };
    expect(await detailOf(queuedMedia({ phase: "failed", error }))).toMatchObject({ status: "failed", error });
  });

  it.each(["queued", "submitting", "generating", "finalizing", "completed", "failed", "canceled"] as const)(
    "of a record that is %s keeps the contract",
    async (phase) => {
      expect(await detailOf(queuedMedia({ phase }))).toMatchObject({ status: phase });
    },
  );

  it("of a record of an older version keeps the contract too", async () => {
    const media = queuedMedia({ phase: undefined, generationMode: undefined, generationStatus: "completed" });
    expect(await detailOf(media)).not.toHaveProperty("status");
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
    const ids = calls.flat().map(({ Detail }) => generationEventDetail.parse(JSON.parse(Detail)).id);
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
  const local = createEventBus(
    [
      {
        name: "r",
        bus: "media",
        pattern: { source: [EVENT_SOURCE] },
        handler: "functions/events/some-listener.handler",
      },
    ],
    { accept: async (_name, envelope) => void delivered.push(envelope) },
  );
  await bus.publish([event(completed())]);
  const Entries = calls.flat().map((entry) => ({ ...entry, EventBusName: "media" }));
  expect(await local.putEvents({ Entries })).toMatchObject({ FailedEntryCount: 0 });
  expect(delivered).toMatchObject([
    { "detail-type": "Generation Completed", source: EVENT_SOURCE, time: "2026-01-01T00:00:30Z", detail: { at: AT } },
  ]);
});
