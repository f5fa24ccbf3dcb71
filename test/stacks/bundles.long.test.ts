// The deployed artefacts: every handler as SST bundles it, with its own links, environment and role, given a recorded event of its
// real trigger. One story, in order: asked for over HTTP, submitted, looked at, delivered, read; others asked for on the bus, canceled,
// failed, swept. In the end every permission was needed, and none was missing.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { createDynamoGate } from "../../shared/adapters/dynamo-gate.ts";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import type { Media } from "../../shared/media/media.ts";
import { startFalSimulator } from "../../stacks/fal-simulator/server.ts";
import { startLocalMachine } from "../../stacks/local/machine.ts";
import { deployedFunctions, type DeployedFunctions, type Outcome } from "../support/deployed-functions.ts";
import { photo } from "../support/media-world.ts";
import { functionsOf, graphOf, ofType, roleStatements, WITH_KEYS, type Graph } from "../support/resource-graph.ts";
import { queuedMedia, storedVideo } from "../support/sample-media.ts";
import { S3_CREDENTIALS, startS3StandIn } from "../support/s3-stand-in.ts";

let graph: Graph;
let aws: { awsUrl: string; s3Urls: Record<string, string> };
let deployed: DeployedFunctions;
let s3: Awaited<ReturnType<typeof startS3StandIn>>;
/** The operator's own bucket, which pictures arrive in. */
let sources: Awaited<ReturnType<typeof startS3StandIn>>;
/** Where fal and the pictures are in this test: what production would refuse as addresses of its own network. */
let outside: Record<string, string>;
let pictureUrl: string;
let directory: string;
/** What fal posted when the job had ended. */
const reported = Promise.withResolvers<{ token: string; headers: IncomingHttpHeaders; body: string }>();
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "deployed-"));
  graph = await graphOf("production", WITH_KEYS);
  const bucket = z.string().parse(ofType(graph, "aws:s3/bucket:Bucket")[0]?.inputs["bucket"]);
  s3 = await startS3StandIn(bucket);
  sources = await startS3StandIn(WITH_KEYS.SOURCES_BUCKET);
  const machine = await startLocalMachine({
    port: 0,
    awsPort: 0,
    tableInMemory: true,
    dataDirectory: join(directory, "machine"),
    // Executions start, and their first step never ends: the steps are this test's to call.
    handlers: { resolve: () => () => new Promise(() => {}) },
  });
  const fal = await startFalSimulator({ queueSeconds: 0, renderSeconds: 0.1 });
  const picture = await photo(1600, 900);
  const web = createServer((request, response) => {
    if (request.url?.startsWith("/webhooks/")) return void takeReport(request, response);
    const source = s3.objects.get((request.url ?? "").slice(1));
    if (request.url === "/gone") return void response.writeHead(410).end();
    response.setHeader("content-type", "image/jpeg").end(source?.bytes ?? picture);
  });
  await once(web.listen(0, "127.0.0.1"), "listening");
  const webUrl = `http://127.0.0.1:${z.object({ port: z.number() }).parse(web.address()).port}`;
  pictureUrl = `${webUrl}/beach.jpg`;
  outside = {
    NODE_ENV: "test",
    FAL_QUEUE_URL: fal.url,
    FAL_PLATFORM_URL: fal.url,
    FAL_WEBHOOK_JWKS_URL: `${fal.url}/.well-known/jwks.json`,
    PUBLIC_URL: webUrl,
    TRUSTED_MEDIA_ORIGINS: webUrl,
  };
  aws = { awsUrl: machine.awsUrl, s3Urls: { [bucket]: s3.url, [WITH_KEYS.SOURCES_BUCKET]: sources.url } };
  deployed = await deployedFunctions({ graph, directory: join(directory, "functions"), ...aws });
  closers.push(
    () => deployed.close(),
    () => fal.close(),
    () => s3.close(),
    () => sources.close(),
    async () => void web.close().closeAllConnections(),
    () => machine.close(),
    () => rm(directory, { recursive: true }),
  );
}, 60_000);

afterAll(async () => {
  for (const close of closers) await close();
});

async function takeReport(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const token = (request.url ?? "").replace(/^.*\//, "");
  reported.resolve({ token, headers: request.headers, body: await text(request) });
  response.end();
}

/** As API Gateway sends it (AWS: "Create AWS Lambda proxy integrations for HTTP APIs", payload 2.0), with a verified token. */
function httpEvent(route: string, parts: { path?: Record<string, string>; body?: object; headers?: object } = {}) {
  const [method = "", template = ""] = route.split(" ");
  const rawPath = template.replace(/\{(\w+)\}/g, (_, name: string) => parts.path?.[name] ?? "");
  return {
    version: "2.0",
    routeKey: route,
    rawPath,
    rawQueryString: "",
    headers: {
      accept: "application/json",
      authorization: "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
      "content-length": "253",
      "content-type": "application/json",
      host: "abcdef1234.execute-api.us-east-1.amazonaws.com",
      "user-agent": "curl/8.7.1",
      "x-amzn-trace-id": "Root=1-6740c0de-0123456789abcdef01234567",
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-port": "443",
      "x-forwarded-proto": "https",
      ...parts.headers,
    },
    requestContext: {
      accountId: "123456789012",
      apiId: "abcdef1234",
      authorizer: {
        jwt: {
          claims: { aud: "media-callers", iss: "https://issuer.example.com", sub: "ada", tenant: "acme" },
          scopes: null,
        },
      },
      domainName: "abcdef1234.execute-api.us-east-1.amazonaws.com",
      domainPrefix: "abcdef1234",
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "curl/8.7.1" },
      requestId: "JKJaXmPLvHcESHA=",
      routeKey: route,
      stage: "$default",
      time: "22/Nov/2026:12:00:00 +0000",
      timeEpoch: 1795348800000,
    },
    ...(parts.path ? { pathParameters: parts.path } : {}),
    ...(parts.body ? { body: JSON.stringify(parts.body) } : {}),
    isBase64Encoded: false,
  };
}

/** As EventBridge delivers it (AWS: "Events in Amazon EventBridge"). */
function busEvent(id: string) {
  return {
    version: "0",
    id,
    "detail-type": "Generation Requested",
    source: "cms",
    account: "123456789012",
    time: "2026-11-22T12:00:00Z",
    region: "us-east-1",
    resources: [],
    detail: { ...REQUEST(), tenantId: "acme" },
  };
}

/** As EventBridge Scheduler sends it where no input is set: its detail is a text (AWS: EventBridge Scheduler, "Lambda target"). */
const SCHEDULED = {
  version: "0",
  id: "0d079340-135a-c8c6-95c2-41fb8f496c53",
  "detail-type": "Scheduled Event",
  source: "aws.scheduler",
  account: "123456789012",
  time: "2026-11-22T12:00:00Z",
  region: "us-east-1",
  resources: ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/sweep"],
  detail: "{}",
};

const REQUEST = () => ({
  spaceId: "holiday",
  type: "video",
  context: "The waves roll in.",
  mediaSpace: { media: { name: "Beach", image: { link: pictureUrl } } },
});
const LOCATION = { spaceId: "holiday" };
/** Where spending is limited, more is written. */
const CAPS = {
  MONTHLY_CAP_USD: "100",
  DAILY_CAP_USD: "100",
  USER_MONTHLY_CAP_USD: "100",
  GLOBAL_MONTHLY_CAP_USD: "1000",
  MAX_OPEN_GENERATIONS: "10",
  START_RATE: "60",
};

const replySchema = z.object({
  statusCode: z.number(),
  body: z.string().default(""),
  isBase64Encoded: z.boolean().optional(),
});
const mediaSchema = z.object({
  id: z.string(),
  media: z.looseObject({
    phase: z.string(),
    image: z.looseObject({ link: z.string() }).optional(),
    poster: z.looseObject({ link: z.string() }).optional(),
    video: z.looseObject({ link: z.string(), size: z.number() }).optional(),
    analysisStatus: z.string().optional(),
  }),
});

/** Nothing that the function needed was missing. */
async function run(name: string, event: unknown, environment?: Record<string, string>): Promise<Outcome> {
  const outcome = await deployed.invoke(name, event, environment);
  expect(outcome.denied).toEqual([]);
  expect(outcome.error).toBeUndefined();
  return outcome;
}

async function reply(name: string, event: unknown, environment?: Record<string, string>) {
  const outcome = await run(name, event, environment);
  const { statusCode, body, isBase64Encoded } = replySchema.parse(outcome.result);
  return { ...outcome, statusCode, body, bytes: Buffer.from(body, isBase64Encoded ? "base64" : "utf8") };
}

/** The input that an execution was started with: what Step Functions hands to the first step. */
function startedWith({ calls }: Outcome): Record<string, unknown> {
  const started = calls.find(({ action }) => action === "states:StartExecution");
  const { input } = z.object({ input: z.string() }).parse(started?.body);
  return z.record(z.string(), z.unknown()).parse(JSON.parse(input));
}

const mediaIn = (body: string) =>
  z.object({ data: z.object({ mediaSpace: mediaSchema }) }).parse(JSON.parse(body)).data.mediaSpace;

describe("a generation that is asked for over HTTP", () => {
  let input: Record<string, unknown>;
  let mediaId: string;

  test("enhance-media saves it and starts its workflow; a replay changes nothing", async () => {
    const event = httpEvent("POST /api/media/enhance", { body: REQUEST(), headers: { "idempotency-key": "once" } });
    const first = await reply("enhance-media", event, CAPS);
    expect(first.statusCode).toBe(202);
    input = startedWith(first);
    ({ id: mediaId } = mediaIn(first.body));
    expect(input).toMatchObject({ tenantId: "acme", spaceId: "holiday", mediaId, enter: "submit" });
    const again = await reply("enhance-media", event);
    expect(again.body).toBe(first.body);
  });

  test("submit-generation makes the picture ours and hands it to fal", async () => {
    const { result } = await run("submit-generation", input, outside);
    expect(result).toEqual({ next: "wait", requestId: expect.stringMatching(/./) });
    expect([...s3.objects.keys()]).toEqual([
      expect.stringMatching(new RegExp(`^sources/${mediaId}-1-[0-9a-f]{32}\\.jpg$`)),
    ]);
  });

  test("receive-fal-webhook wakes it", async () => {
    const { token, headers, body } = await reported.promise;
    const event = httpEvent("POST /webhooks/fal/{token}", { path: { token }, headers });
    const woken = await reply("receive-fal-webhook", { ...event, body }, outside);
    expect(woken.statusCode).toBe(200);
    expect(startedWith(woken)).toMatchObject({ mediaId, enter: "check", lap: false });
  });

  test("check-status sees that fal has finished", async () => {
    await expect
      .poll(async () => (await run("check-status", { ...input, step: { next: "wait" } }, outside)).result, {
        timeout: 15_000,
      })
      .toEqual({ next: "finalize" });
  });

  test("finalize-and-analyze keeps the video, commits and describes", async () => {
    const { result, calls } = await run("finalize-and-analyze", input, outside);
    expect(result).toEqual({ next: "done" });
    expect(s3.objects.get(`videos/${mediaId}.mp4`)).toMatchObject({ contentType: "video/mp4" });
    expect(s3.objects.get(`videos/${mediaId}.jpg`)).toMatchObject({ contentType: "image/jpeg" });
    const published = calls.filter(({ action }) => action === "events:PutEvents").map(({ body }) => body);
    expect(published).toMatchObject([{ DetailType: "Generation Completed" }, { DetailType: "Media Analyzed" }]);
  });

  test("check-generation, get-media and list-media show it, with links that open", async () => {
    const path = { ...LOCATION, id: mediaId };
    const body = { ...LOCATION, mediaSpace: { id: mediaId } };
    const checked = await reply("check-generation", httpEvent("POST /api/media/check-generation", { body }));
    const { media } = mediaIn(checked.body);
    expect(media).toMatchObject({ phase: "completed", analysisStatus: "completed" });
    const video = await fetch(media.video?.link ?? "");
    expect([video.status, video.headers.get("content-type")]).toEqual([200, "video/mp4"]);
    expect((await video.arrayBuffer()).byteLength).toBe(media.video?.size);
    expect((await fetch(media.image?.link ?? "")).status).toBe(200);
    const poster = await fetch(media.poster?.link ?? "");
    expect([poster.status, poster.headers.get("content-type")]).toEqual([200, "image/jpeg"]);

    const got = await reply("get-media", httpEvent("GET /api/spaces/{spaceId}/media/{id}", { path }));
    const gotMedia = mediaIn(got.body).media;
    expect(gotMedia).toMatchObject({ phase: "completed" });
    expect((await fetch(gotMedia.video?.link ?? "")).status).toBe(200);
    expect((await fetch(gotMedia.image?.link ?? "")).status).toBe(200);

    const listed = await reply("list-media", httpEvent("GET /api/spaces/{spaceId}/media", { path: LOCATION }));
    const items = z.object({ data: z.object({ items: z.array(mediaSchema) }) }).parse(JSON.parse(listed.body))
      .data.items;
    expect(items.map(({ id }) => id)).toEqual([mediaId]);
    expect((await fetch(items[0]?.media.video?.link ?? "")).status).toBe(200);
    expect((await fetch(items[0]?.media.image?.link ?? "")).status).toBe(200);
  });

  test("serve-source gives fal the picture, and says 404 where there is none", async () => {
    const [key = ""] = [...s3.objects.keys()].filter((it) => it.startsWith("sources/"));
    const route = "GET /sources/{name}";
    const served = await reply("serve-source", httpEvent(route, { path: { name: key.replace("sources/", "") } }));
    expect(served.bytes.equals(s3.objects.get(key)?.bytes ?? Buffer.alloc(0))).toBe(true);
    const name = `${mediaId}-1-${"0".repeat(32)}.jpg`;
    expect((await reply("serve-source", httpEvent(route, { path: { name } }))).statusCode).toBe(404);
  });

  test("delete-media deletes it with its files, and again is the same as once", async () => {
    const event = httpEvent("DELETE /api/spaces/{spaceId}/media/{id}", { path: { ...LOCATION, id: mediaId } });
    const deleted = await reply("delete-media", event);
    expect(deleted.statusCode).toBe(204);
    expect([...s3.objects.keys()].filter((key) => key.includes(mediaId))).toEqual([]);
    const published = deleted.calls.filter(({ action }) => action === "events:PutEvents").map(({ body }) => body);
    expect(published).toMatchObject([{ DetailType: "Media Deleted" }]);
    expect((await reply("delete-media", event)).statusCode).toBe(204);
  });
});

describe("a generation that is asked for on the bus", () => {
  test("start-from-event starts it once, however often the event comes", async () => {
    const event = busEvent("7bf73129-1428-4cd3-a780-95db273d1602");
    const input = startedWith(await run("start-from-event", event, CAPS));
    const again = await run("start-from-event", event);
    expect(again.calls.map(({ action }) => action)).not.toContain("states:StartExecution");

    const path = { ...LOCATION, id: z.string().parse(input["mediaId"]) };
    const route = "POST /api/spaces/{spaceId}/media/{id}/cancel";
    const canceled = await reply("cancel-generation", httpEvent(route, { path }), outside);
    expect([canceled.statusCode, mediaIn(canceled.body).media.phase]).toEqual([200, "canceled"]);
  });

  test("record-failure ends one that cannot be prepared", async () => {
    const input = startedWith(await run("start-from-event", busEvent("0e3c8d4e-8b1f-4b9f-9d5a-0b8f0f6d2a11")));
    const failure = { Error: "SourceImageUnavailableError", Cause: '{"errorMessage":"no answer"}' };
    expect((await run("record-failure", { ...input, failure }, outside)).result).toEqual({ next: "done" });
  });
});

test("cancel-generation shows what a finished submission has left behind, with a link", async () => {
  const input = startedWith(await run("start-from-event", busEvent("f1b8f3f4-53f1-4f0e-8f0e-3a1d8e2c7b19")));
  await run("submit-generation", input, outside);
  const path = { ...LOCATION, id: z.string().parse(input["mediaId"]) };
  const route = "POST /api/spaces/{spaceId}/media/{id}/cancel";
  const { statusCode, body } = await reply("cancel-generation", httpEvent(route, { path }), outside);
  expect(statusCode).toBe(200);
  expect((await fetch(mediaIn(body).media.image?.link ?? "")).status).toBe(200);
});

/** The table, as this test itself reaches it. */
function tableClient(): DynamoDBClient {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  return new DynamoDBClient({ endpoint: aws.awsUrl, region: "us-east-1", credentials });
}

/** Puts a record into the table, as an earlier life of the system left it. */
async function leave(record: Partial<Media>): Promise<Media> {
  const client = tableClient();
  const clock = { now: () => Date.now(), sleep: async () => {} };
  const left = queuedMedia({ deadlineAt: "2999-01-01T00:00:00.000Z", ...record });
  await createDynamoMediaRecords({ client, table: "Media", clock }).create(left);
  return left;
}

test("check-status records a request id that the submission could not record", async () => {
  const {
    tenantId,
    spaceId,
    id: mediaId,
  } = await leave({
    id: "019b76da-a800-7000-8000-000000000002",
    phase: "submitting",
    attempt: 1,
    claimedAt: new Date().toISOString(),
    sweepAt: "2999-01-01T00:00:00.000Z",
  });
  const input = { tenantId, spaceId, mediaId, enter: "submit", lap: true, pollSeconds: 10 };
  const { denied, calls } = await deployed.invoke(
    "check-status",
    { ...input, step: { next: "wait", requestId: "kept-by-the-step" } },
    outside,
  );
  expect(denied).toEqual([]);
  expect(calls.map(({ action }) => action)).toEqual(
    expect.arrayContaining(["dynamodb:UpdateItem", "events:PutEvents"]),
  );
});

test("sweep-generations, called by the schedule, restarts what no execution drives", async () => {
  const lost = await leave({});
  const outcome = await run("sweep-generations", SCHEDULED);
  expect(outcome.result).toEqual({ looked: 1, restarted: 1 });
  expect(startedWith(outcome)).toMatchObject({ mediaId: lost.id, enter: "check" });
});

test("sweep-generations, asked for everything, reads through the table", async () => {
  const { result } = await run("sweep-generations", { ...SCHEDULED, detail: { all: true } }, outside);
  expect(z.object({ looked: z.number() }).parse(result).looked).toBeGreaterThan(0);
});

describe("a webhook", () => {
  const webhookIn = (body: string) =>
    z
      .object({ data: z.object({ webhook: z.object({ id: z.string(), enabled: z.boolean() }) }) })
      .parse(JSON.parse(body)).data.webhook;
  const deliveryIn = (body: string) =>
    z.object({ data: z.object({ delivery: z.object({ id: z.string() }) }) }).parse(JSON.parse(body)).data.delivery.id;
  const announcedBy = ({ calls }: Outcome) =>
    calls.filter(({ action }) => action === "events:PutEvents").map(({ body }) => body);
  const create = async (url = pictureUrl.replace("/beach.jpg", "/gone")) =>
    webhookIn((await reply("create-webhook", httpEvent("POST /api/webhooks", { body: { url } }), outside)).body).id;
  const statusesOf = async (id: string) => {
    const event = httpEvent("GET /api/webhooks/{id}/deliveries", { path: { id } });
    const { body } = await reply("list-deliveries", event);
    const item = z.object({ id: z.string(), status: z.string() });
    return z.object({ data: z.object({ items: z.array(item) }) }).parse(JSON.parse(body)).data.items;
  };

  test("is made, shown, changed, given a new secret and deleted", async () => {
    const id = await create();
    const path = { id };
    expect(webhookIn((await reply("get-webhook", httpEvent("GET /api/webhooks/{id}", { path }))).body).id).toBe(id);
    expect((await reply("list-webhooks", httpEvent("GET /api/webhooks"))).body).toContain(id);
    for (const body of [{}, { enabled: false }]) {
      const changed = await reply("change-webhook", httpEvent("PATCH /api/webhooks/{id}", { path, body }));
      expect(webhookIn(changed.body).enabled).toBe(!("enabled" in body));
    }
    const rotated = await reply("rotate-secret", httpEvent("POST /api/webhooks/{id}/rotate-secret", { path }));
    expect(rotated.body).toContain("whsec_");
    expect((await reply("delete-webhook", httpEvent("DELETE /api/webhooks/{id}", { path }))).statusCode).toBe(204);
    expect((await reply("get-webhook", httpEvent("GET /api/webhooks/{id}", { path }))).statusCode).toBe(404);
  });

  test("tell-webhooks tells it of an event, and disables it where it wants nothing more", async () => {
    const id = await create();
    const detail = { version: 1, id: "m:completed", tenantId: "acme", spaceId: "holiday", mediaId: "m" };
    const event = {
      ...busEvent("c1b8f3f4-53f1-4f0e-8f0e-3a1d8e2c7b19"),
      source: "media.generation",
      "detail-type": "Generation Completed",
      detail: { ...detail, at: "2026-11-22T12:00:00.000Z" },
    };
    expect(announcedBy(await run("tell-webhooks", event, outside))).toMatchObject([{ DetailType: "Webhook Disabled" }]);
    expect(await statusesOf(id)).toMatchObject([{ status: "failed" }]);
    const [failed] = await statusesOf(id);
    const path = { id, deliveryId: failed?.id ?? "" };
    const again = httpEvent("POST /api/webhooks/{id}/deliveries/{deliveryId}/redeliver", { path });
    expect(announcedBy(await reply("redeliver-webhook", again))).toMatchObject([{ DetailType: "Webhook Due" }]);
  });

  test("test-webhook announces a test, sweep-webhooks what is due, and deliver-webhooks tries it", async () => {
    const id = await create();
    const tested = await reply("test-webhook", httpEvent("POST /api/webhooks/{id}/test", { path: { id } }));
    const deliveryId = deliveryIn(tested.body);
    const detail = { tenantId: "acme", webhookId: id };
    expect(announcedBy(tested)).toMatchObject([{ Detail: JSON.stringify({ ...detail, deliveryId }) }]);
    for (const clock of [SCHEDULED, { ...SCHEDULED, detail: { all: true } }]) {
      const said = announcedBy(await run("sweep-webhooks", clock));
      expect(said).toContainEqual(expect.objectContaining({ Detail: JSON.stringify(detail) }));
    }
    const due = { ...busEvent("d1b8f3f4-53f1-4f0e-8f0e-3a1d8e2c7b19"), "detail-type": "Webhook Due", detail };
    expect(announcedBy(await run("deliver-webhooks", due, outside))).toMatchObject([
      { DetailType: "Webhook Disabled" },
    ]);
    expect(await statusesOf(id)).toMatchObject([{ id: deliveryId, status: "failed" }]);
  });
});

describe("a picture from the user's disk", () => {
  /** As a browser puts it: to the place itself, with no header of ours. */
  const upload = async (bytes: Buffer): Promise<string> => {
    const opened = await reply("upload-image", httpEvent("POST /api/uploads", { body: { size: bytes.length } }));
    const { id, put } = z
      .object({ data: z.object({ id: z.string(), put: z.object({ url: z.string() }) }) })
      .parse(JSON.parse(opened.body)).data;
    expect((await fetch(put.url, { method: "PUT", body: new Uint8Array(bytes) })).status).toBe(200);
    return id;
  };
  const check = (id: string) => reply("check-upload", httpEvent("POST /api/uploads/{id}/check", { path: { id } }));

  test("upload-image gives a place, check-upload looks at what came, submit-generation takes it", async () => {
    const id = await upload(await photo(1200, 800));
    const checked = await check(id);
    expect(JSON.parse(checked.body)).toEqual({ data: { link: `upload:${id}`, width: 1200, height: 800 } });

    const body = { ...REQUEST(), mediaSpace: { media: { image: { link: `upload:${id}` } } } };
    const input = startedWith(await reply("enhance-media", httpEvent("POST /api/media/enhance", { body })));
    expect((await run("submit-generation", input, outside)).result).toMatchObject({ next: "wait" });
  });

  test("check-upload says what is wrong with it, and when there is none", async () => {
    const refused = await check(await upload(await photo(100, 100)));
    expect([refused.statusCode, refused.body]).toEqual([400, expect.stringContaining('"image_too_small"')]);
    expect((await check("019b76da-a800-7000-8000-00000000dead")).statusCode).toBe(404);
  });

  test("an upload that is not there any more fails its generation", async () => {
    const link = "upload:019b76da-a800-7000-8000-00000000dead";
    const body = { ...REQUEST(), mediaSpace: { media: { image: { link } } } };
    const input = startedWith(await reply("enhance-media", httpEvent("POST /api/media/enhance", { body })));
    expect((await run("submit-generation", input, outside)).result).toEqual({ next: "done" });
  });
});

test.each([{ "version-id": "3HL4kqtJlcpXroDTDmJ" }, {}])(
  "request-from-object copies the picture that arrived and asks for its video on the bus (%j)",
  async (version) => {
    const client = new S3Client({
      endpoint: sources.url,
      region: "us-east-1",
      credentials: S3_CREDENTIALS,
      forcePathStyle: true,
    });
    const there = { Bucket: WITH_KEYS.SOURCES_BUCKET, Key: "animate/beach.jpg" };
    const Metadata = { context: "The waves roll in.", space: "holiday", tenant: "acme" };
    await client.send(
      new PutObjectCommand({ ...there, Body: await photo(1600, 900), ContentType: "image/jpeg", Metadata }),
    );
    const object = { key: there.Key, size: 1, etag: "e", sequencer: "00617F08299329D189", ...version };
    const detail = { version: "0", bucket: { name: there.Bucket }, object, reason: "PutObject" };
    const event = { ...busEvent("7f3a"), "detail-type": "Object Created", source: "aws.s3", detail };
    const { calls } = await run("request-from-object", event);
    expect(calls.map(({ action }) => action)).toContain("events:PutEvents");
  },
);

test("report-budget reads what is committed", async () => {
  const { statusCode, body } = await reply("report-budget", httpEvent("GET /api/budget"));
  expect([statusCode, JSON.parse(body)]).toEqual([200, { data: { currency: "USD", startsStopped: false } }]);
});

test("list-spaces answers what starts have noted", async () => {
  const { statusCode, body } = await reply("list-spaces", httpEvent("GET /api/spaces"));
  expect([statusCode, JSON.parse(body)]).toMatchObject([200, { data: { items: expect.any(Array) } }]);
});

test("report-spending reads the lines of its tenant", async () => {
  const { statusCode, body } = await reply("report-spending", httpEvent("GET /api/spending"));
  expect([statusCode, JSON.parse(body)]).toMatchObject([200, { data: { currency: "USD", items: [{ videos: 1 }] } }]);
});

test("reconcile-bills writes down what fal has billed, and names on the bus what we know nothing of", async () => {
  const strange = { requestId: "a-job-of-others", endpointId: "fal-ai/kling-video/v2.1/standard/image-to-video" };
  const at = new Date(Date.now() - 60_000).toISOString();
  const order = { method: "POST", body: JSON.stringify({ ...strange, at, unitPrice: 0.28 }) };
  expect((await fetch(`${outside["FAL_QUEUE_URL"]}/__simulator/charges`, order)).status).toBe(201);
  const { calls } = await run("reconcile-bills", SCHEDULED, outside);
  const published = calls.filter(({ action }) => action === "events:PutEvents").map(({ body }) => body);
  expect(published).toMatchObject([
    { DetailType: "Billing Unmatched", Detail: expect.stringContaining("a-job-of-others") },
  ]);
  const { body } = await reply("report-spending", httpEvent("GET /api/spending"));
  expect(JSON.parse(body)).toMatchObject({ data: { billedUsd: 0.28, unbilled: 0 } });
});

test("submit-generation and check-status find whose turn it is to ask a fal that is locked", async () => {
  const gate = createDynamoGate({ client: tableClient(), table: "Media" });
  const {
    tenantId,
    spaceId,
    id: mediaId,
  } = await leave({
    id: "019b76da-a800-7000-8000-00000000000b",
    context: "The waves roll in. [fal: submit-403]",
    image: { link: pictureUrl },
  });
  const input = { tenantId, spaceId, mediaId, enter: "submit", lap: true, pollSeconds: 10 };
  expect((await run("submit-generation", input, outside)).result).toEqual({ next: "wait" });
  const check = async () => (await run("check-status", { ...input, step: { next: "wait" } }, outside)).result;
  expect(await check()).toEqual({ next: "held" });

  const { account } = await gate.read();
  const hold = {
    code: "provider_account_locked",
    since: "2026-01-01T00:00:00.000Z",
    probeAt: "2026-01-01T00:01:00.000Z",
  } as const;
  expect(await gate.write(account, { hold, outbox: [] })).toBe(true);
  expect(await check()).toEqual({ next: "submit" });
  expect((await run("submit-generation", input, outside)).result).toEqual({ next: "wait" });
  await gate.write((await gate.read()).account, { outbox: [] });
});

test("report-timings reads what finalize-and-analyze noted", async () => {
  const { statusCode, body } = await reply("report-timings", httpEvent("GET /api/timings"));
  expect([statusCode, JSON.parse(body)]).toEqual([200, { data: { timings: [] } }]);
});

/** As Step Functions reports the end of an execution (AWS: "Automating Step Functions event delivery with EventBridge"). */
function executionEnded(media: { tenantId: string; spaceId: string; mediaId: string }, livedSeconds: number) {
  return {
    version: "0",
    "detail-type": "Step Functions Execution Status Change",
    source: "aws.states",
    detail: {
      executionArn: `arn:aws:states:us-east-1:123456789012:execution:kling-media-production-generation:${media.mediaId}`,
      name: media.mediaId,
      status: "TIMED_OUT",
      startDate: Date.now() - livedSeconds * 1000,
      stopDate: Date.now(),
      input: JSON.stringify({ ...media, enter: "submit", lap: true, pollSeconds: 10 }),
      inputDetails: { included: true },
      output: null,
    },
  };
}

test("on-execution-ended restarts what its execution has left, but not at once what would die again", async () => {
  const { tenantId, spaceId, id: mediaId } = await leave({ id: "019b76da-a800-7000-8000-000000000003" });
  const media = { tenantId, spaceId, mediaId };
  const hurried = await run("on-execution-ended", executionEnded(media, 5), outside);
  expect(hurried.calls.map(({ action }) => action)).not.toContain("states:StartExecution");
  const later = await run("on-execution-ended", executionEnded(media, 90), outside);
  expect(startedWith(later)).toMatchObject({ mediaId, enter: "check" });
});

test("sweep-generations finishes a deletion that died on the way", async () => {
  const { id } = await leave({ id: "019b76da-a800-7000-8000-000000000009", phase: "deleted" });
  const keys = [`videos/${id}.mp4`, `sources/${id}-1-${"0".repeat(32)}.jpg`];
  for (const key of keys) s3.objects.set(key, { bytes: Buffer.from("x"), contentType: "video/mp4" });
  await run("sweep-generations", SCHEDULED);
  expect(keys.filter((key) => s3.objects.has(key))).toEqual([]);
});

test("set-kill-switch stops the next start, and lets the one after it be", async () => {
  const event = httpEvent("POST /api/media/enhance", { body: REQUEST() });
  expect((await run("set-kill-switch", { stopped: true })).result).toEqual({ stopped: true });
  const refused = await reply("enhance-media", event);
  expect([refused.statusCode, JSON.parse(refused.body)]).toMatchObject([503, { code: "starts_stopped" }]);
  await run("set-kill-switch", { stopped: false });
  const { statusCode, body } = await reply("enhance-media", event);
  expect(statusCode).toBe(202);
  const route = "POST /api/spaces/{spaceId}/media/{id}/cancel";
  await reply("cancel-generation", httpEvent(route, { path: { ...LOCATION, id: mediaIn(body).id } }), outside);
});

describe("a key", () => {
  const created = z.object({ data: z.object({ key: z.object({ id: z.string() }), secret: z.string() }) });
  /** As API Gateway asks a Lambda authorizer of an HTTP API, payload 2.0. */
  const question = (bearer: string) => ({
    ...httpEvent("GET /api/timings"),
    type: "REQUEST",
    identitySource: [`Bearer ${bearer}`],
  });

  test("is made over HTTP, lets its bearer in, is listed and revoked", async () => {
    const body = { name: "shop", expiresInDays: 90 };
    const made = await reply("create-api-key", httpEvent("POST /api/keys", { body }));
    expect(made.statusCode).toBe(201);
    const { key, secret } = created.parse(JSON.parse(made.body)).data;

    const { result } = await run("authorize-caller", question(secret));
    const context = { tenantId: "acme", keyId: key.id, keyName: "shop", scopes: "read write" };
    expect(result).toEqual({ isAuthorized: true, context });
    const listed = await reply("list-api-keys", httpEvent("GET /api/keys"));
    expect(listed.body).toContain('"lastUsedAt"');
    expect(listed.body).not.toContain(secret.split("_")[2]);

    const path = { id: key.id };
    expect((await reply("revoke-api-key", httpEvent("DELETE /api/keys/{id}", { path }))).statusCode).toBe(204);
    const refused = await deployed.invoke("authorize-caller", question(secret));
    expect([refused.denied, refused.error]).toEqual([[], expect.stringContaining("Unauthorized")]);
  });

  test("is made, listed and revoked by an operator", async () => {
    const { result } = await run("manage-api-keys", { action: "create", tenantId: "acme", name: "mobile" });
    const { id } = z.object({ key: z.object({ id: z.string() }) }).parse(result).key;
    const { result: listed } = await run("manage-api-keys", { action: "list", tenantId: "acme" });
    expect(listed).toMatchObject({ items: [{ id, name: "mobile" }] });
    const { result: revoked } = await run("manage-api-keys", { action: "revoke", id });
    expect(revoked).toEqual({ id, tenantId: "acme", name: "mobile" });
  });
});

describe("for another's clients, whose callers the functions judge", () => {
  let bearer: string;
  let done: Media;

  beforeAll(async () => {
    const made = await reply("create-api-key", httpEvent("POST /api/keys", { body: { name: "stranger" } }));
    bearer = z.object({ data: z.object({ secret: z.string() }) }).parse(JSON.parse(made.body)).data.secret;
    // Delivered before there were posters: the picture stands for the first frame.
    const id = "019b76da-a800-7000-8000-00000000000a";
    const source = { key: `sources/${id}-1-${"0".repeat(32)}.jpg`, width: 1600, height: 900 };
    const ended = { phase: "completed", analysisStatus: "completed", completedAt: "2026-01-01T00:01:00.000Z" } as const;
    done = await leave({ id, spaceId: "strangers", ...ended, source, video: storedVideo(id) });
    s3.objects.set(source.key, { bytes: Buffer.from("picture"), contentType: "image/jpeg" });
    s3.objects.set(`videos/${id}.mp4`, { bytes: Buffer.from("video"), contentType: "video/mp4" });
  });

  /** The gateway has judged nothing: the bearer is all that there is. */
  function unjudged(route: string, { query, ...parts }: Parameters<typeof httpEvent>[1] & { query?: object } = {}) {
    const headers = { authorization: `Bearer ${bearer}`, "x-space-id": "strangers", ...parts.headers };
    const { requestContext, ...event } = httpEvent(route, { ...parts, headers });
    return { ...event, queryStringParameters: query, requestContext: { ...requestContext, authorizer: undefined } };
  }
  const redirected = z.object({ headers: z.object({ location: z.string() }) });

  test("a video is started from a picture in the request, shown, listed, fetched and deleted", async () => {
    const picture = `data:image/jpeg;base64,${(await photo(400, 400)).toString("base64")}`;
    const body = { prompt: "Waves.", input_reference: { image_url: picture } };
    const made = await reply("create-video", unjudged("POST /v1/videos", { body }));
    expect([made.statusCode, JSON.parse(made.body)]).toMatchObject([200, { status: "queued" }]);
    expect(startedWith(made)).toMatchObject({ spaceId: "strangers", enter: "submit" });
    expect([...s3.objects.keys()].filter((key) => key.startsWith("uploads/"))).not.toEqual([]);

    const path = { id: `strangers.${done.id}` };
    const shown = await reply("get-video", unjudged("GET /v1/videos/{id}", { path }));
    expect(JSON.parse(shown.body)).toMatchObject({ ...path, status: "completed" });
    expect((await reply("list-videos", unjudged("GET /v1/videos"))).body).toContain(path.id);
    for (const variant of ["video", "thumbnail"]) {
      const asked = unjudged("GET /v1/videos/{id}/content", { path, query: { variant } });
      const { result } = await run("get-video-content", asked);
      expect((await fetch(redirected.parse(result).headers.location)).status).toBe(200);
    }
  });

  test("an agent starts, looks, lists and cancels", async () => {
    const call = async (name: string, args: object) => {
      const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
      const headers = { accept: "application/json, text/event-stream" };
      const answer = await reply("serve-agents", unjudged("POST /mcp", { body, headers }), outside);
      const content = z.array(z.object({ uri: z.string().optional() }));
      const result = z.object({ content, structuredContent: z.looseObject({ id: z.string().optional() }) });
      return z.object({ result }).parse(JSON.parse(answer.body)).result;
    };
    const started = await call("start_video", {
      prompt: "Waves.",
      imageUrl: pictureUrl,
      maxUsd: 1,
      space: "strangers",
    });
    const { id } = started.structuredContent;
    expect(JSON.stringify(await call("list_videos", { space: "strangers" }))).toContain(id);
    expect(await call("cancel_video", { id })).toMatchObject({ structuredContent: { status: "canceled" } });
    const { content } = await call("get_video", { id: `strangers.${done.id}` });
    for (const { uri } of content) if (uri !== undefined) expect((await fetch(uri)).status).toBe(200);
    expect(content.filter(({ uri }) => uri !== undefined)).toHaveLength(2);
  });

  test("a video is deleted with its files; and none of it without the key", async () => {
    const path = { id: `strangers.${done.id}` };
    const deleted = await reply("delete-video", unjudged("DELETE /v1/videos/{id}", { path }));
    expect(JSON.parse(deleted.body)).toEqual({ ...path, object: "video.deleted", deleted: true });
    expect([...s3.objects.keys()].filter((key) => key.includes(done.id))).toEqual([]);
    bearer = "km_wrong";
    const refused = await reply("get-video", unjudged("GET /v1/videos/{id}", { path }));
    expect([refused.statusCode, JSON.parse(refused.body)]).toMatchObject([401, { error: { code: "unauthorized" } }]);
  });
});

test("redrive-generation lets a failed delivery begin anew", async () => {
  const error = { code: "delivery_failed", message: "The video could not be stored." };
  const lost = await leave({ id: "019b76da-a800-7000-8000-000000000004", phase: "failed", requestId: "r1", error });
  const { result, ...outcome } = await run("redrive-generation", { mediaId: lost.id });
  expect(result).toMatchObject({ mediaId: lost.id, phase: "finalizing" });
  expect(startedWith(outcome)).toMatchObject({ mediaId: lost.id, enter: "check", lap: true });
});

test("serve-console finds its files beside its bundle", async () => {
  const page = await reply("serve-console", httpEvent("GET /"));
  const where = "The console must lie in .web at the root of the zip, where its function looks for it";
  expect(page.statusCode, where).toBe(200);
  const [script = ""] = /\/assets\/main-\w+\.js/.exec(page.body) ?? [];
  const asset = await reply("serve-console", { ...httpEvent("GET /assets/{name}"), rawPath: script });
  expect([asset.statusCode, asset.body.length > 10_000]).toEqual([200, true]);
  expect((await reply("serve-console", httpEvent("GET /client.js"))).body).toContain("watchGeneration");
  expect((await reply("serve-console", httpEvent("GET /docs"))).body).toContain("POST</b> /api/media/enhance");
  expect((await reply("serve-console", httpEvent("GET /llms.txt"))).body).toMatch(/^# Kling media backend/);
  const described = await reply("serve-console", httpEvent("GET /openapi.json"));
  expect(JSON.parse(described.body)).toMatchObject({ openapi: "3.1.0" });
});

test("report-pricing needs nothing, and report-health reads the gate", async () => {
  const pricing = await reply("report-pricing", httpEvent("GET /api/pricing"));
  const { data } = z.object({ data: z.object({ prices: z.array(z.unknown()) }) }).parse(JSON.parse(pricing.body));
  expect(data.prices[0]).toMatchObject({ model: "kling-2.1", mode: "standard", duration: "5", usd: 0.28 });
  const healthy = await reply("report-health", httpEvent("GET /health"));
  expect(JSON.parse(healthy.body)).toEqual({ status: "ok", testMode: false, provider: "ok" });
});

test("check-generation takes over what the original application began", async () => {
  const Item = {
    pk: { S: "TENANT#acme#SPACE#beach" },
    sk: { S: "MEDIA#old-1" },
    generationStatus: { S: "generating-video" },
    requestId: { S: "job-of-the-original-application" },
    createdAt: { S: "2025-05-01T10:00:00.000Z" },
  };
  await tableClient().send(new PutItemCommand({ TableName: "Media", Item }));
  const body = { spaceId: "beach", mediaSpace: { id: "old-1" } };
  const checked = await reply("check-generation", httpEvent("POST /api/media/check-generation", { body }));
  expect(mediaIn(checked.body).media).toMatchObject({ phase: "generating", generationStatus: "generating-video" });
});

describe("in the end", () => {
  /** What only a failure needs; and the use of a key, which is noted once an hour. */
  const SELDOM =
    /s3:AbortMultipartUpload|sqs:SendMessage|(sweep-generations|on-execution-ended|receive-fal-webhook|redrive-generation|start-from-event): events:PutEvents|(receive-fal-webhook|list-videos|get-video|get-video-content): dynamodb:UpdateItem|logs:|xray:/;

  test("every permission was needed", () => {
    const idle = deployed.granted().filter((grant) => !deployed.used.has(grant) && !SELDOM.test(grant));
    expect(idle).toEqual([]);
  });

  test("a permission that is taken away is missed, by route and by name", async () => {
    const poorer = structuredClone(graph);
    for (const fn of functionsOf(poorer)) {
      const kept = roleStatements(fn.role).filter(
        ({ Action }) => !/states:StartExecution|dynamodb:Query|s3:PutObject/.test(String(Action)),
      );
      fn.role.inputs["inlinePolicies"] = [{ policy: { Statement: kept } }];
    }
    const others = await deployedFunctions({
      graph: poorer,
      directory: join(directory, "poorer"),
      ...aws,
    });
    try {
      const started = await others.invoke("enhance-media", httpEvent("POST /api/media/enhance", { body: REQUEST() }));
      expect(started.denied).toEqual([
        "POST /api/media/enhance, with a token (enhance-media) is missing the permission states:StartExecution on Generation.",
      ]);
      const listed = await others.invoke(
        "list-media",
        httpEvent("GET /api/spaces/{spaceId}/media", { path: LOCATION }),
      );
      expect(listed.denied).toEqual([
        "GET /api/spaces/{spaceId}/media, with a token (list-media) is missing the permission dynamodb:Query on Media.",
      ]);
      expect(listed.result).toMatchObject({ statusCode: 500 });
    } finally {
      await others.close();
    }
  });

  test("a link that is taken away is missed, by route and by name", async () => {
    const poorer = structuredClone(graph);
    for (const { links } of poorer.functions) delete links["Media"];
    const others = await deployedFunctions({
      graph: poorer,
      directory: join(directory, "unlinked"),
      ...aws,
    });
    try {
      const listed = await others.invoke(
        "list-media",
        httpEvent("GET /api/spaces/{spaceId}/media", { path: LOCATION }),
      );
      expect(listed.denied).toEqual([
        "GET /api/spaces/{spaceId}/media, with a token (list-media) is not linked to Media.",
      ]);
    } finally {
      await others.close();
    }
  });
});
