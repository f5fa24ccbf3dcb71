// docs/events.md, carried out: every example of it runs as it stands against the local machine and a fal of our own. A service asks
// by an event, three kinds of consumers hear of the end, a redelivery pays nothing, a bad event says why, and the file stays ours.
import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { CreateTableCommand, DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import * as z from "zod";
import { startFalSimulator, type FalSimulator } from "../../stacks/fal-simulator/server.ts";
import { freePort } from "../local/local-server.ts";
import { faultsOfDetail } from "../support/event-schemas.ts";

const ROOT = path.join(import.meta.dirname, "../..");
const MACHINE_OF_THE_PAGE = "http://127.0.0.1:3000";
const KEY = "a key of the partner's";
/** A generation takes about three seconds here; a busy machine may need many times that. */
const LIMIT_MS = 60_000;

let directory: string;
let fal: FalSimulator;
let url: string;
let aws: Record<string, string>;
/** Name -> text, as the page has them. */
let examples: Map<string, string>;
const ran = new Set<string>();
const children: ChildProcess[] = [];
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  // Inside the project, so that the examples find its packages.
  await mkdir(path.join(ROOT, ".local"), { recursive: true });
  directory = await mkdtemp(path.join(ROOT, ".local/events-"));
  examples = examplesIn(await readFile(path.join(ROOT, "docs/events.md"), "utf8"));
  fal = await startFalSimulator({ queueSeconds: 0, renderSeconds: 0.2 });
  const { output, child } = start(path.join(ROOT, "stacks/local/main.ts"), {
    PORT: "0",
    AWS_PORT: "0",
    DATA_DIR: path.join(directory, "data"),
    NODE_ENV: "development",
    FAL_TEST_MODE: "off",
    FAL_KEY: "any",
    FAL_QUEUE_URL: fal.url,
    FAL_PLATFORM_URL: fal.url,
    POLL_SECONDS: "1",
    POWERTOOLS_LOG_LEVEL: "SILENT",
    LOCAL_FUNCTIONS: path.join(directory, "announce-video.handler"),
  });
  await vi.waitUntil(() => child.exitCode !== null || output().includes("\nready "), { timeout: LIMIT_MS });
  url = /^ready (http\S+)$/m.exec(output())?.[1] ?? "";
  const endpoint = /AWS endpoint +(http\S+)/.exec(output())?.[1] ?? "";
  aws = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  for (const [name, code] of examples) {
    await writeFile(path.join(directory, name), code.replaceAll(MACHINE_OF_THE_PAGE, url));
  }
}, LIMIT_MS);

afterAll(async () => {
  for (const client of clients) client.destroy();
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill("SIGKILL");
    await once(child, "exit");
  }
  await fal?.close();
  await rm(directory, { recursive: true, force: true });
});

/** The blocks of code whose first line is their file's name. */
function examplesIn(page: string): Map<string, string> {
  const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""]) => code);
  return new Map(blocks.map((code) => [/^\/\/ ([\w-]+\.ts)\n/.exec(code)?.[1] ?? code, code]));
}

function start(file: string, environment: Record<string, string>) {
  const child = spawn(process.execPath, [file], {
    cwd: ROOT,
    env: { PATH: process.env["PATH"], ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (printed += chunk));
  return { child, output: () => printed };
}

/** Starts an example that goes on until the end. */
function runOn(name: string, environment: Record<string, string> = {}): () => string {
  ran.add(name);
  return start(path.join(directory, name), { ...aws, ...environment }).output;
}

/** Runs an example to its end, and gives what it printed. */
async function run(name: string, environment: Record<string, string> = {}): Promise<string> {
  ran.add(name);
  const { child, output } = start(path.join(directory, name), { ...aws, ...environment });
  const [code] = (await once(child, "close")) as [number | null];
  expect(code, `${name} said: ${output()}`).toBe(0);
  return output().trim();
}

function client<T extends { destroy(): void }>(of: new (config: object) => T): T {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const made = new of({ endpoint: aws["AWS_ENDPOINT_URL"], region: "us-east-1", credentials });
  clients.push(made);
  return made;
}

const submissions = () => fal.jobs().filter(({ endpointId }) => endpointId.includes("kling-video"));

const REQUEST = () => ({
  tenantId: "local",
  spaceId: "shop",
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { image: { link: `${url}/samples/photo.jpg` } } },
});

async function mediaIn(space: string) {
  const answer = await fetch(`${url}/api/spaces/${space}/media`);
  const link = z.object({ link: z.url() });
  const media = z.looseObject({ phase: z.string(), video: link.optional(), poster: link.optional() });
  const body = z.object({ data: z.object({ items: z.array(z.object({ id: z.string(), media })) }) });
  return body.parse(await answer.json()).data.items;
}

it(
  "a video that a service asks for is heard of in a function, in a queue and over HTTP",
  async () => {
    const [dynamoDb, events, sqs] = [client(DynamoDBClient), client(EventBridgeClient), client(SQSClient)];
    await dynamoDb.send(
      new CreateTableCommand({
        TableName: "ShopVideos",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName: "mediaId", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "mediaId", KeyType: "HASH" }],
      }),
    );
    // Besides the page's rules, one that takes everything.
    await sqs.send(new CreateQueueCommand({ QueueName: "everything" }));
    const all = { Name: "everything", EventBusName: "media" };
    await events.send(new PutRuleCommand({ ...all, EventPattern: '{"source":["media.generation"]}' }));
    const Arn = "arn:aws:sqs:us-east-1:000000000000:everything";
    await events.send(new PutTargetsCommand({ Rule: all.Name, ...all, Targets: [{ Id: "queue", Arn }] }));

    ran.add("announce-video.ts");
    expect(await run("rule-to-lambda.ts")).toContain("aws lambda add-permission");
    await run("rule-to-queue.ts");
    const consumer = runOn("consume-videos.ts");
    const PORT = String(await freePort());
    const partner = runOn("receive-videos.ts", { PORT, API_KEY: KEY });
    await run("rule-to-http.ts", { ENDPOINT: `http://127.0.0.1:${PORT}/`, API_KEY: KEY });

    expect(await run("request-video.ts")).toMatch(/^[0-9a-f-]{36}$/);
    await expect.poll(consumer, { timeout: LIMIT_MS }).toMatch(/ completed: /);
    const [, id] = /^(\S+) completed: videos\/\1\.mp4$/m.exec(consumer()) ?? [];
    await expect.poll(partner).toBe(`${id} completed\n`);
    const kept = async () => (await dynamoDb.send(new ScanCommand({ TableName: "ShopVideos" }))).Items;
    await expect.poll(kept).toEqual([{ mediaId: { S: id }, video: { S: `videos/${id}.mp4` } }]);

    const heard: [string, unknown][] = [];
    const types = () => heard.map(([type]) => type);
    const take = async () => {
      const wait = { QueueUrl: "everything", MaxNumberOfMessages: 10, WaitTimeSeconds: 1 };
      const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(wait));
      const event = z.object({ "detail-type": z.string(), detail: z.unknown() });
      for (const { Body } of Messages) {
        const { "detail-type": type, detail } = event.parse(JSON.parse(Body ?? ""));
        heard.push([type, detail]);
      }
      return types().toSorted();
    };
    await expect
      .poll(take, { timeout: LIMIT_MS })
      .toEqual(["Generation Completed", "Generation Started", "Media Analyzed"]);
    for (const [type, detail] of heard) expect(faultsOfDetail(type, detail), type).toEqual([]);
  },
  LIMIT_MS,
);

it(
  "an event that comes again, and a request that is put again with its key, pay nothing",
  async () => {
    const before = submissions().length;
    await run("request-video.ts");
    await run("request-video.ts");

    const event = {
      version: "0",
      id: randomUUID(),
      "detail-type": "Generation Requested",
      source: "shop",
      account: "000000000000",
      time: new Date().toISOString(),
      region: "us-east-1",
      resources: [],
      detail: { ...REQUEST(), spaceId: "again" },
    };
    const lambda = client(LambdaClient);
    for (let delivery = 1; delivery <= 3; delivery++) {
      const Payload = JSON.stringify(event);
      const { FunctionError } = await lambda.send(new InvokeCommand({ FunctionName: "start-from-event", Payload }));
      expect(FunctionError).toBeUndefined();
    }
    const ended = async () => (await mediaIn("again")).map(({ media }) => media.phase);
    await expect.poll(ended, { timeout: LIMIT_MS }).toEqual(["completed"]);
    expect(submissions()).toHaveLength(before + 1);
  },
  LIMIT_MS,
);

it(
  "an event that is not valid lies in the dead-letter queue, with a reason that its sender understands",
  async () => {
    const detail = { ...REQUEST(), spaceId: "bad", context: undefined, mode: "turbo" };
    const entry = { EventBusName: "media", Source: "shop", DetailType: "Generation Requested" };
    const events = client(EventBridgeClient);
    const { Entries } = await events.send(
      new PutEventsCommand({ Entries: [{ ...entry, Detail: JSON.stringify(detail) }] }),
    );
    const said = await run("read-dead-letters.ts");
    expect(said).toContain(`shop ${Entries?.[0]?.EventId}: The event is not valid`);
    expect(said).toMatch(/detail\.context: .*; detail\.mode: .*"standard"/);
    expect(await mediaIn("bad")).toEqual([]);
  },
  LIMIT_MS,
);

it(
  "the video plays from our link, in ranges, when fal has forgotten it",
  async () => {
    fal.arm({ fault: "file-404", times: "always" });
    const [job] = submissions();
    expect((await fetch(`${fal.url}/files/${job?.requestId}.mp4`)).status).toBe(404);
    const [shown] = await mediaIn("again");
    const part = await fetch(shown?.media.video?.link ?? "", { headers: { range: "bytes=4-7" } });
    expect([part.status, part.headers.get("content-type"), await part.text()]).toEqual([206, "video/mp4", "ftyp"]);
    const poster = await fetch(shown?.media.poster?.link ?? "");
    expect([poster.status, poster.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
  },
  LIMIT_MS,
);

it("no example of the page was left out", () => {
  expect([...ran].toSorted()).toEqual([...examples.keys()].toSorted());
});
