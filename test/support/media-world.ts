// Everything the domain works on: the real records, files and image code; only fal, WorkflowAI, the web and the clock are played.
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { mediaKey } from "../../shared/adapters/media-item.ts";
import { createDynamoBudget } from "../../shared/adapters/dynamo-budget.ts";
import { createDynamoGate } from "../../shared/adapters/dynamo-gate.ts";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { createDynamoLedger } from "../../shared/adapters/dynamo-ledger.ts";
import { createDynamoSpaces } from "../../shared/adapters/dynamo-spaces.ts";
import { createDynamoTimings } from "../../shared/adapters/dynamo-timings.ts";
import { createLocalMediaFiles } from "../../shared/adapters/local-media-files.ts";
import { readVideoFacts } from "../../shared/adapters/mp4-facts.ts";
import { fitImage, inspectImage, makePlaceholder } from "../../shared/adapters/source-image.ts";
import { generationEvent } from "../../shared/media/event-detail.ts";
import { offeredRows } from "../../shared/kling/catalogue.ts";
import type { SpendingLimits } from "../../shared/money/budget.ts";
import { FetchError } from "../../shared/media/errors.ts";
import { refOf, type Media, type MediaRef } from "../../shared/media/media.ts";
import type { CheckedFetch, Frame, GenerationInput, MediaEvent, Places } from "../../shared/media/ports.ts";
import { expectPublished } from "./event-schemas.ts";
import { FakeKling } from "./fake-kling.ts";
import { inMemoryDynamoDb, type InMemoryOptions } from "./in-memory-dynamodb.ts";
import { ManualClock } from "./manual-clock.ts";
import { queuedMedia } from "./sample-media.ts";
import { unreadableItems } from "./unreadable-items.ts";

const CLIP = path.join(import.meta.dirname, "../../stacks/local/samples/placeholder-16x9-5s.mp4");

export type MediaWorld = Awaited<ReturnType<typeof mediaWorld>>;

/** A world with one photo on the web and fal's finished video behind its URL. */
export async function mediaWorld(options?: InMemoryOptions) {
  const clock = new ManualClock();
  const kling = new FakeKling();
  const dynamo = await inMemoryDynamoDb(options);
  const records = createDynamoMediaRecords({ ...dynamo, clock });
  const budget = createDynamoBudget({ ...dynamo, clock });
  const ledger = createDynamoLedger({ ...dynamo, ...unreadableItems() });
  const timings = createDynamoTimings({ ...dynamo, series: "test", ...unreadableItems() });
  const gate = createDynamoGate(dynamo);
  const directory = await mkdtemp(path.join(tmpdir(), "media-world-"));
  const files = createLocalMediaFiles({
    directory,
    linkOrigin: "http://127.0.0.1:3000",
    linkSecret: "secret",
    now: () => clock.now(),
  });

  const web = new Map<string, Buffer | Error>([
    ["https://pictures.example/beach.jpg", await photo(1600, 1067)],
    ["https://fal.example/files/video.mp4", await readFile(CLIP)],
    ["https://fal.example/files/frame.jpg", await readFile(CLIP.replace("-5s.mp4", ".jpg"))],
  ]);
  const fetch: CheckedFetch = async (url) => {
    const found = web.get(url) ?? new FetchError("not_found", `no ${url}`);
    if (found instanceof Error) throw found;
    const body = (async function* () {
      yield found;
    })();
    return { body, contentType: "application/octet-stream", contentLength: found.length };
  };

  const published: MediaEvent[] = [];
  const bus = { down: false };
  const executions = new Map<string, Omit<GenerationInput, "pollSeconds">>();
  const orchestrator = { down: false };
  const logged: string[] = [];
  const describer = { text: "Waves at a beach." as string | Error };
  /** What is asked for a first frame, and what fal's ffmpeg makes of it. */
  const frames: { url: string | undefined | Error; taken: Frame[] } = {
    url: "https://fal.example/files/frame.jpg",
    taken: [],
  };
  const prompt = { write: (words: string) => `${words} Cinematic.` };

  const announced: { type: string; detail: object }[] = [];
  const deps = {
    records,
    spaces: createDynamoSpaces({ ...dynamo, ...unreadableItems() }),
    budget,
    places: undefined as Places | undefined,
    ledger,
    gate,
    announcements: {
      announce: async ({ type, detail }: { type: string; detail: object }) => {
        if (bus.down) throw new Error("the bus is down");
        expectPublished(type, JSON.parse(JSON.stringify(detail)));
        announced.push({ type, detail });
      },
    },
    holdSeconds: 86_400,
    limits: { tenant: {}, everybody: {} } as SpendingLimits,
    offered: offeredRows(undefined),
    files,
    fetch,
    images: { fit: fitImage, inspect: inspectImage, placeholder: makePlaceholder },
    timings,
    readVideoFacts,
    kling,
    clock,
    publicUrl: undefined as string | undefined,
    webhookUrl: (): string | undefined => undefined,
    inDoubtSeconds: 900,
    deadlineSeconds: 3600,
    retentionDays: undefined as number | undefined,
    newId: () => queuedMedia().id,
    prompts: { enhance: async (words: string) => prompt.write(words) },
    describer: {
      describe: async () => {
        if (describer.text instanceof Error) throw describer.text;
        return describer.text;
      },
    },
    frames: {
      frame: async (_: string, which: Frame) => {
        frames.taken.push(which);
        if (frames.url instanceof Error) throw frames.url;
        return frames.url;
      },
    },
    events: {
      publish: async (events: MediaEvent[]) => {
        if (bus.down) throw new Error("the bus is down");
        for (const event of events) expectPublished(event.type, JSON.parse(JSON.stringify(generationEvent(event))));
        published.push(...events);
        return events.map(({ id }) => id);
      },
    },
    workflow: {
      start: async (name: string, input: Omit<GenerationInput, "pollSeconds">) => {
        if (orchestrator.down) throw new Error("Step Functions is down");
        executions.set(name, input);
      },
      isRunning: async (name: string) => executions.has(name),
    },
    log: {
      info: (message: string, facts: Record<string, unknown>) =>
        void logged.push(`${message} ${JSON.stringify(facts)}`),
      warn: (message: string, facts: Record<string, unknown>) =>
        void logged.push(`${message} ${JSON.stringify(facts)}`),
    },
  };

  return {
    ...deps,
    deps,
    dynamo,
    web,
    published,
    announced,
    bus,
    executions,
    orchestrator,
    logged,
    describes: describer,
    takesFrames: frames,
    prompt,
    /** Saves a record and gives its ref. */
    async given(overrides: Partial<Media> = {}) {
      const media = queuedMedia(overrides);
      await records.create(media);
      return refOf(media);
    },
    /** What a kill in the middle of an emulator's write can do: the record says when to sweep it, the index does not. */
    async loseIndexEntry(ref: MediaRef) {
      const Key = mediaKey(ref);
      const remove = { TableName: dynamo.table, Key: { pk: { S: Key.pk }, sk: { S: Key.sk } } };
      await dynamo.client.send(new UpdateItemCommand({ ...remove, UpdateExpression: "REMOVE sweepShard" }));
    },
    /** The record of the world. */
    async media(): Promise<Media> {
      const media = await records.get(refOf(queuedMedia()));
      if (!media) throw new Error("there is no record");
      return media;
    },
  };
}

/** A picture that compresses like a photo. */
export async function photo(width: number, height: number): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: "#3377aa" } })
    .jpeg()
    .toBuffer();
}
