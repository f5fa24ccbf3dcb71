// fal's report through the real route, handlers and definition in virtual time: it makes a generation faster, and nothing else.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { inProcessCloud, PHOTO_URL, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";
import { webhookBody, WebhookSigner } from "../support/signed-webhooks.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));
vi.mock("../../shared/services/checked-fetch.ts", () => ({
  checkedFetch: () => (url: string, limits: never) => link.fetch?.(url, limits),
}));

// The pause between two looks, in virtual time.
vi.mock("../../shared/services/clock.ts", () => ({
  clock: { now: () => Date.now(), sleep: (ms: number) => link.sleep?.(ms) },
}));

const WEBHOOK = "POST /webhooks/fal/{token}";
const SETTINGS = { PUBLIC_URL: "https://api.example", FAL_WEBHOOK_JWKS_URL: "https://fal.example/jwks.json" };

let cloud: InProcessCloud;
let signer: WebhookSigner;
beforeEach(async () => {
  vi.resetModules();
  cloud = await inProcessCloud(link, "running", SETTINGS);
  signer = new WebhookSigner();
  cloud.fal.always("GET", "/jwks.json", () => Response.json(signer.jwks()));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterEach(() => {
  cloud.workflow.close();
  vi.useRealTimers();
});

const passTime = () => vi.advanceTimersToNextTimerAsync();

async function start(): Promise<string> {
  const mediaSpace = { media: { image: { link: PHOTO_URL } } };
  const body = { spaceId: "holiday", type: "video", context: "The waves roll in.", mediaSpace };
  const { json } = await cloud.call("POST /api/media/enhance", { body });
  return json.data?.mediaSpace?.id ?? "";
}

async function media(id: string) {
  const { json } = await cloud.call("GET /api/spaces/{spaceId}/media/{id}", { path: { spaceId: "holiday", id } });
  return json.data?.mediaSpace?.media;
}

/** A generation whose job fal has taken, the address fal was given for it, and its first wait. */
async function generating() {
  const id = await start();
  while ((await media(id))?.phase !== "generating") await new Promise((resolve) => setImmediate(resolve));
  const token = cloud.fal.posts[0]?.webhookUrl?.replace("https://api.example/webhooks/fal/", "") ?? "";
  return { id, token };
}

/** fal reports; `change` is what a stranger makes of the call. */
async function report(token: string, change: { body?: string; headers?: Record<string, string>; at?: number } = {}) {
  const body = change.body ?? webhookBody("job-1");
  const headers = { ...signer.headers(body, change.at ?? Date.now(), "job-1"), ...change.headers };
  return cloud.call(WEBHOOK, { path: { token }, rawBody: body, headers });
}

describe("fal's report of a finished job", () => {
  it("is registered with the submit, and brings the video before the next look was due", async () => {
    cloud.fal.queuedLooks = cloud.fal.runningLooks = 0;
    const { id, token } = await generating();
    const before = Date.now();
    expect((await report(token)).statusCode).toBe(200);
    await cloud.untilEnded(`${id}-w-1`, passTime);
    expect(await media(id)).toMatchObject({ phase: "completed", requestId: "job-1" });
    expect(Date.now() - before).toBeLessThan(1000);
    await cloud.untilEnded(id, passTime);
    expect(cloud.steps.filter((step) => step === "finalize-and-analyze")).toHaveLength(1);
    expect(cloud.fal.posts).toHaveLength(1);
  });

  it("that comes too early looks three times, a second apart, and leaves the rest to the laps", async () => {
    cloud.fal.queuedLooks = 9;
    const { id, token } = await generating();
    const before = Date.now();
    await report(token);
    await cloud.untilEnded(`${id}-w-1`, passTime);
    expect(Date.now() - before).toBe(2000);
    expect(cloud.fal.calls.filter(({ path }) => path.endsWith("/status"))).toHaveLength(3);
    expect(await media(id)).toMatchObject({ phase: "generating" });
    await cloud.untilEnded(id, passTime);
    expect(await media(id)).toMatchObject({ phase: "completed" });
  });

  it("that comes ten times, and again when all is over, changes nothing more", async () => {
    cloud.fal.queuedLooks = cloud.fal.runningLooks = 0;
    const { id, token } = await generating();
    const answers = await Promise.all(Array.from({ length: 10 }, () => report(token)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 10 }, () => 200));
    await cloud.untilEnded(`${id}-w-1`, passTime);
    await cloud.untilEnded(id, passTime);
    const ended = await media(id);
    expect((await report(token)).statusCode).toBe(200);
    expect(await media(id)).toEqual(ended);
    expect(cloud.published.map(({ type }) => type)).toEqual([
      "Generation Started",
      "Generation Completed",
      "Media Analyzed",
    ]);
  });

  it.each<[string, (token: string) => ReturnType<typeof report>, number]>([
    ["without a signature", (token) => report(token, { headers: { "x-fal-webhook-signature": "" } }), 401],
    ["signed by a stranger", (token) => forged(token), 401],
    ["with a body that was changed", (token) => report(token, { headers: headersOf(webhookBody("job-2")) }), 401],
    ["signed an hour ago", (token) => report(token, { at: Date.now() - 3_600_000 }), 401],
    ["at another record's address", (token) => report(`x${token}`), 401],
    ["at no address", () => report("nobody"), 401],
    ["that is no JSON", (token) => report(token, { body: "{" }), 400],
    ["without a request id", (token) => report(token, { body: "{}" }), 400],
  ])("%s changes nothing", async (_, call, statusCode) => {
    cloud.fal.queuedLooks = cloud.fal.runningLooks = 0;
    const { id, token } = await generating();
    const before = await media(id);
    expect((await call(token)).statusCode).toBe(statusCode);
    expect(await media(id)).toEqual(before);
    expect(() => cloud.workflow.describeExecution({ executionArn: cloud.executionArn(`${id}-w-1`) })).toThrow();
  });

  it("is answered 503 while fal's keys cannot be had, so that fal comes again", async () => {
    const { id, token } = await generating();
    cloud.fal.answers("GET", "/jwks.json", new TypeError("fetch failed"));
    expect((await report(token)).statusCode).toBe(503);
    expect((await report(token)).statusCode).toBe(200);
    for (const name of [`${id}-w-1`, id]) await cloud.untilEnded(name, passTime);
    expect(await media(id)).toMatchObject({ phase: "completed" });
  });

  const headersOf = (body: string) => signer.headers(body, Date.now(), "job-1");
  const forged = (token: string) => {
    const body = webhookBody("job-1");
    return report(token, { headers: new WebhookSigner().headers(body, Date.now(), "job-1") });
  };
});

it("a lost report costs one interval: the laps go on", async () => {
  const { id } = await generating();
  const startedAt = Date.now();
  await cloud.untilEnded(id, passTime);
  expect(await media(id)).toMatchObject({ phase: "completed" });
  expect(Date.now() - startedAt).toBe(30_000);
});
