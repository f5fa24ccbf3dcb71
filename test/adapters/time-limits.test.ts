// Every call out of ours, against servers that accept and then say nothing, that begin and stop, and that send a byte now and then:
// each ends by a limit of its own. The limits are those of production, asked for by their real length and served in a moment.
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ANSWER_MAX_BYTES } from "../../shared/adapters/bounded-answer.ts";
import { createCheckedFetch } from "../../shared/adapters/checked-fetch.ts";
import { createDynamoMediaRecords } from "../../shared/adapters/dynamo-media-records.ts";
import { createEventBridgeBus } from "../../shared/adapters/event-bus.ts";
import { createFalVideoFrames } from "../../shared/adapters/fal-video-frames.ts";
import { createFalQueue } from "../../shared/adapters/fal-queue.ts";
import { createFalSignature } from "../../shared/adapters/fal-signature.ts";
import { createFalVideoUnderstanding } from "../../shared/adapters/fal-video-understanding.ts";
import { createS3MediaFiles } from "../../shared/adapters/s3-media-files.ts";
import { createStepFunctionsWorkflow } from "../../shared/adapters/step-functions.ts";
import { createWorkflowAi } from "../../shared/adapters/workflow-ai.ts";
import { ProviderUnavailableError } from "../../shared/media/errors.ts";
import { AWS_CLIENT } from "../../shared/services/aws-client.ts";
import { createTokenVerifier } from "../../shared/adapters/token-verifier.ts";
import { ManualClock } from "../support/manual-clock.ts";
import { queuedMedia } from "../support/sample-media.ts";
import { AUDIENCE, startTokenIssuer } from "../support/token-issuer.ts";

/** What a limit lasts here, and how often a slow server sends a byte. */
const MOMENT_MS = 60;
const TRICKLE_MS = 10;

const SERVERS: Record<string, RequestListener> = {
  "says nothing": () => {},
  "begins and stops": (_, response) => void response.writeHead(200, JSON_TYPE).write('{"'),
  "sends a byte now and then": (_, response) => {
    response.writeHead(200, JSON_TYPE).write('{"a":"');
    const trickle = setInterval(() => response.write("x"), TRICKLE_MS);
    response.on("close", () => clearInterval(trickle));
  },
};
const JSON_TYPE = { "content-type": "application/json" };

let server: Server;
let url: string;
let listener: RequestListener;
/** The limits that were asked for, in milliseconds. */
let limits: number[];

beforeEach(async () => {
  server = createServer((request, response) => listener(request, response));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  url = `http://127.0.0.1:${address.port}`;
  limits = [];
  const { timeout } = AbortSignal;
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    limits.push(ms);
    return timeout.call(AbortSignal, MOMENT_MS);
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await once(server.close(), "close");
});

interface CallOut {
  /** The limit of production, in milliseconds. */
  limit: number;
  call: () => Promise<unknown>;
  /** What comes of it: an error's name or its outcome, or what it falls back to. */
  comes: object | string | undefined;
}

const silent = { info: () => {}, warn: () => {} };
const kling = () => createFalQueue({ key: "key", queueUrl: url, platformUrl: url, log: silent }).kling;
const workflowAi = () => {
  const agent = { id: "agent", schemaId: 1, version: "production" };
  const log = { info: () => {}, warn: () => {} };
  return createWorkflowAi({ key: "key", url, promptAgent: agent, videoAgent: agent, log });
};
const signedNow = (clock: ManualClock) => ({
  "x-fal-webhook-request-id": "r1",
  "x-fal-webhook-user-id": "u1",
  "x-fal-webhook-timestamp": String(Math.floor(clock.now() / 1000)),
  "x-fal-webhook-signature": "0".repeat(128),
});

const CALLS: Record<string, CallOut> = {
  "fal: submit": {
    limit: 30_000,
    call: () => kling().startKlingVideoGeneration({ prompt: "p", image_url: "https://a.example/b.jpg" }, "standard"),
    comes: { name: "SubmitError", outcome: "in_doubt" },
  },
  "fal: status": {
    limit: 10_000,
    call: () => kling().checkKlingRequestStatus("r1", "standard"),
    comes: { name: "ProviderUnavailableError" },
  },
  "fal: result": {
    limit: 10_000,
    call: () => kling().getKlingRequestResult("r1", "standard"),
    comes: { name: "ProviderUnavailableError" },
  },
  "fal: cancel": {
    limit: 10_000,
    call: () => kling().cancelKlingRequest("r1", "standard"),
    comes: { name: "ProviderUnavailableError" },
  },
  "fal: history": {
    limit: 10_000,
    call: () => kling().findKlingRequest({ request_id: "r1" }, "standard", "2026-01-01T00:00:00.000Z"),
    comes: { name: "ProviderUnavailableError" },
  },
  "fal: the keys of its webhooks": {
    limit: 5_000,
    call: () => {
      const clock = new ManualClock();
      return createFalSignature({ jwksUrl: url, clock }).verify(signedNow(clock), Buffer.from("{}"));
    },
    comes: { name: "ProviderUnavailableError" },
  },
  "WorkflowAI: the prompt": {
    limit: 10_000,
    call: () => workflowAi().enhance("The user's own words.", "https://a.example/b.jpg"),
    comes: "The user's own words.",
  },
  "WorkflowAI: the description": {
    limit: 30_000,
    call: () =>
      workflowAi().describe({ videoUrl: undefined, frame: async (which) => `https://a.example/${which}.jpg` }),
    comes: { name: "TimeoutError" },
  },
  "a picture, a video, a frame": {
    limit: 20_000,
    call: async () => {
      const fetch = createCheckedFetch({ trustedOrigins: [url] });
      return text((await fetch(url, { maxBytes: 1_000_000, timeoutMs: 20_000 })).body);
    },
    comes: { name: "FetchError", reason: "unavailable" },
  },
  "the issuer: where to sign in": {
    limit: 5_000,
    call: async () => {
      vi.resetModules();
      for (const [name, value] of Object.entries({ AUTH: "jwt", JWT_ISSUER: url, CONSOLE_CLIENT_ID: "console" }))
        vi.stubEnv(name, value);
      return (await import("../../shared/services/sign-in.ts")).signIn();
    },
    comes: { name: "SignInUnavailableError", code: "sign_in_unavailable" },
  },
  "the issuer: its keys": {
    limit: 4_000,
    call: async () => {
      const issuer = await startTokenIssuer();
      const token = await issuer.token({ sub: "ada" });
      issuer.close();
      return createTokenVerifier({ issuer: issuer.issuer, audience: [AUDIENCE], jwksUrl: url })(token);
    },
    // The caller is refused.
    comes: { name: "IssuerUnavailableError", code: "issuer_unavailable" },
  },
};

const outcome = (call: () => Promise<unknown>) => call().catch((error: unknown) => error);

describe.each(Object.entries(SERVERS))("a server that %s", (_server, behaviour) => {
  beforeEach(() => {
    listener = behaviour;
  });

  it.each(Object.entries(CALLS))("%s", async (_name, { call, limit, comes }) => {
    const came = await outcome(call);
    if (typeof comes === "object") expect(came).toMatchObject(comes);
    else expect(came).toBe(comes);
    expect(limits).toEqual([limit]);
  });
});

it("a job of fal's other models that never ends is given up: a description after 60 s, a frame after 30", async () => {
  listener = (request, response) => {
    const said = request.method === "POST" ? { request_id: "r1" } : { status: "IN_PROGRESS" };
    response.writeHead(200, JSON_TYPE).end(JSON.stringify(said));
  };
  vi.restoreAllMocks();
  const clock = new ManualClock();
  const queue = createFalQueue({ key: "key", queueUrl: url, platformUrl: url, log: silent });
  const video = { videoUrl: "https://fal.example/v.mp4", frame: async () => undefined };
  const took = async (call: () => Promise<unknown>) => {
    const before = clock.now();
    expect(await outcome(call)).toBeInstanceOf(ProviderUnavailableError);
    return clock.now() - before;
  };
  expect(await took(() => createFalVideoUnderstanding(queue, clock).describe(video))).toBe(60_000);
  expect(await took(() => createFalVideoFrames(queue, clock).frame(video.videoUrl, "last"))).toBe(30_000);
});

/** The clients of AWS as we configure them, their limits a moment long. */
const inAMoment = () => ({
  ...AWS_CLIENT,
  endpoint: url,
  region: "us-east-1",
  credentials: { accessKeyId: "a", secretAccessKey: "b" },
  maxAttempts: 1,
  requestHandler: Object.fromEntries(
    Object.entries(AWS_CLIENT.requestHandler).map(([name, it]) => [name, typeof it === "number" ? MOMENT_MS : it]),
  ),
});

const AWS_CALLS: Record<string, () => Promise<unknown>> = {
  DynamoDB: () => {
    const client = new DynamoDBClient(inAMoment());
    const records = createDynamoMediaRecords({ client, table: "Media", clock: new ManualClock() });
    return records.get({ tenantId: "acme", spaceId: "holiday", mediaId: "m1" });
  },
  "Step Functions": () =>
    createStepFunctionsWorkflow({
      client: new SFNClient(inAMoment()),
      stateMachineArn: STATE_MACHINE,
      pollSeconds: 10,
    }).start("m1", { tenantId: "acme", spaceId: "holiday", mediaId: "m1", enter: "submit", lap: true }),
  EventBridge: () =>
    createEventBridgeBus({ client: new EventBridgeClient(inAMoment()), busName: "media" }).publish([
      { id: "m1:queued", type: "Generation Started", at: "2026-01-01T00:00:00.000Z", media: queuedMedia() },
    ]),
  S3: () => {
    const client = new S3Client({ ...inAMoment(), forcePathStyle: true });
    return createS3MediaFiles({ client, bucket: "files", linkOrigin: undefined, now: Date.now }).read("videos/m1.mp4");
  },
};
const STATE_MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:generation";

// A byte now and then from AWS is ended by the function's own time limit.
describe.each(Object.entries(SERVERS).slice(0, 2))("an endpoint of AWS that %s", (_server, behaviour) => {
  it.each(Object.entries(AWS_CALLS))("%s", async (_name, call) => {
    listener = behaviour;
    expect(await outcome(call)).toMatchObject({ name: "TimeoutError" });
  });
});

it("AWS has 2 s to be reached, 5 s to begin to answer, and 5 s between two pieces of it", () => {
  expect(AWS_CLIENT.requestHandler).toEqual({
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    throwOnRequestTimeout: true,
    socketTimeout: 5_000,
  });
});

describe("an answer without an end", () => {
  /** As fast as it is read, and a little more than is taken. */
  const flood: RequestListener = (_, response) => {
    response.writeHead(200, JSON_TYPE);
    const piece = Buffer.alloc(1024 * 1024, " ");
    for (let sent = 0; sent <= ANSWER_MAX_BYTES; sent += piece.length) response.write(piece);
    response.end("{}");
  };

  it.each([
    "fal: submit",
    "fal: status",
    "fal: result",
    "fal: the keys of its webhooks",
    "WorkflowAI: the prompt",
    "WorkflowAI: the description",
  ])("%s: is not read to its end", async (name) => {
    vi.restoreAllMocks();
    listener = flood;
    const { call, comes } = CALLS[name] ?? {};
    const came = await outcome(call ?? (() => Promise.reject(new Error(`There is no ${name}`))));
    if (came instanceof Error) expect(came.message).toMatch(/larger than 16777216 bytes/);
    else expect(came).toBe(comes);
  });

  it("just as large as may be is read", async () => {
    vi.restoreAllMocks();
    const status = JSON.stringify({ status: "IN_PROGRESS" });
    listener = (_, response) => response.writeHead(200, JSON_TYPE).end(status.padEnd(ANSWER_MAX_BYTES));
    expect(await kling().checkKlingRequestStatus("r1", "standard")).toEqual({ status: "IN_PROGRESS" });
    listener = (_, response) => response.writeHead(200, JSON_TYPE).end(status.padEnd(ANSWER_MAX_BYTES + 1));
    await expect(kling().checkKlingRequestStatus("r1", "standard")).rejects.toBeInstanceOf(ProviderUnavailableError);
  });
});
