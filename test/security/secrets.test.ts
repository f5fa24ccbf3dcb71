// Canaries: secrets, words and addresses that are planted, and looked for in everything that a generation's whole life leaves behind.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { SourceImageUnavailableError, FetchError } from "../../shared/media/errors.ts";
import { answer } from "../support/fake-fal.ts";
import { inProcessCloud, type CloudLink, type InProcessCloud } from "../support/in-process-cloud.ts";
import { photo } from "../support/media-world.ts";
import { webhookBody } from "../support/signed-webhooks.ts";

const link = vi.hoisted((): CloudLink => ({}));
vi.mock("../../shared/services/aws-client.ts", () => ({
  AWS_CLIENT: { maxAttempts: 1, requestHandler: { handle: (request: never) => link.aws?.(request) } },
}));
vi.mock("../../shared/services/checked-fetch.ts", () => ({
  checkedFetch: () => (url: string, limits: never) => link.fetch?.(url, limits),
}));
vi.mock("../../shared/services/clock.ts", () => ({
  clock: { now: () => Date.now(), sleep: (ms: number) => link.sleep?.(ms) },
}));

/** Each is one of a kind: found anywhere, it says whence it came. */
const CANARIES = {
  falKey: "canary-fal-key:0123456789abcdef",
  workflowAiKey: "canary-workflowai-key",
  linkSecret: "canary-link-secret",
  webhookSecret: "canary-webhook-secret",
  cursorSecret: "canary-cursor-secret",
  sealSecret: "canary-seal-secret",
  token: "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJ0b2tlbiJ9.Y2FuYXJ5LXNpZ25hdHVyZQ",
  words: "canary words of a person",
  imageUrl: "https://pictures.example/canary-path/beach.jpg",
  imageQuery: "canary-query-token",
  videoUrl: "canary-video-path",
};
const PHOTO = `${CANARIES.imageUrl}?signature=${CANARIES.imageQuery}`;
const LOST_PHOTO = `${CANARIES.imageUrl}?lost=${CANARIES.imageQuery}`;

const logged: string[] = [];
/** What Step Functions and EventBridge were given. */
const handedOn: string[] = [];
const answers: string[] = [];
const thrown: string[] = [];
let cloud: InProcessCloud;

beforeAll(async () => {
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "DEBUG");
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => {
      logged.push(String(text));
      return true;
    });
  }
  for (const method of ["log", "info", "warn", "error", "debug"] as const) {
    vi.spyOn(console, method).mockImplementation((...words: unknown[]) => void logged.push(words.join(" ")));
  }
  cloud = await inProcessCloud(link, "running", {
    FAL_KEY: CANARIES.falKey,
    PUBLIC_URL: "https://api.example",
    FAL_WEBHOOK_JWKS_URL: "https://fal.example/jwks.json",
    SST_RESOURCE_WorkflowAiKey: JSON.stringify({ value: CANARIES.workflowAiKey }),
    SST_RESOURCE_LinkSecret: JSON.stringify({ value: CANARIES.linkSecret }),
    SST_RESOURCE_WebhookSecret: JSON.stringify({ value: CANARIES.webhookSecret }),
    SST_RESOURCE_CursorSecret: JSON.stringify({ value: CANARIES.cursorSecret }),
    SST_RESOURCE_SealSecret: JSON.stringify({ value: CANARIES.sealSecret }),
  });
  cloud.web.set(PHOTO, await photo(1600, 1067));
  cloud.web.set(LOST_PHOTO, new FetchError("unavailable", `no answer of ${LOST_PHOTO}`));
  const { aws } = link;
  link.aws = async (request) => {
    const target = request.headers["x-amz-target"] ?? "";
    if (/StepFunctions|AWSEvents/.test(target)) handedOn.push(Buffer.from(request.body ?? "").toString());
    return aws?.(request);
  };
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
});
afterAll(() => {
  cloud.workflow.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const passTime = () => vi.advanceTimersToNextTimerAsync();

async function call(route: string, request: Parameters<InProcessCloud["call"]>[1]) {
  const headers = { authorization: `Bearer ${CANARIES.token}`, ...request?.headers };
  const reply = await cloud.call(route, { ...request, headers });
  answers.push(reply.body ?? "");
  return reply;
}
async function started(image = PHOTO): Promise<string> {
  const mediaSpace = { media: { image: { link: image } } };
  const body = {
    spaceId: "holiday",
    type: "video",
    context: CANARIES.words,
    negativePrompt: CANARIES.words,
    mediaSpace,
  };
  const { json } = await call("POST /api/media/enhance", { body });
  return json.data?.mediaSpace?.id ?? "";
}
async function lived(image?: string): Promise<string> {
  const id = await started(image);
  await cloud.untilEnded(id, passTime);
  handedOn.push(JSON.stringify(cloud.workflow.describeExecution({ executionArn: cloud.executionArn(id) })));
  return id;
}

/** One that is delivered, one for each way to fail that has words of others in it, and hostile calls. */
async function everythingThatHappens(): Promise<void> {
  const { fal } = cloud;
  await lived();
  await lived(LOST_PHOTO);
  // fal quotes what it was sent.
  fal.answers(
    "POST",
    "image-to-video",
    answer(422, { detail: [{ msg: `bad: ${CANARIES.words}`, input: { prompt: CANARIES.words, image_url: PHOTO } }] }),
  );
  await lived();
  fal.answers("POST", "image-to-video", answer(401, { detail: `Key ${CANARIES.falKey} is not known` }));
  await lived();
  fal.answers(
    "GET",
    "/status",
    answer(500, { detail: `${CANARIES.falKey} ${PHOTO}` }),
    new Error(`socket of ${PHOTO} closed`),
  );
  await lived();
  fal.answers("POST", "image-to-video", new Error(`read ECONNRESET ${PHOTO} Authorization: Key ${CANARIES.falKey}`));
  await lived();
  cloud.web.set(`https://fal.example/${CANARIES.videoUrl}.mp4`, new FetchError("not_found", "gone"));
  await call("POST /webhooks/fal/{token}", { path: { token: CANARIES.token }, rawBody: webhookBody("job-1") });
  await call("POST /api/media/enhance", { body: { spaceId: CANARIES.words, context: 7, type: PHOTO } });
  await call("GET /api/spaces/{spaceId}/media", { path: { spaceId: "holiday" }, query: { cursor: CANARIES.token } });
  const { aws } = link;
  link.aws = async () => {
    throw Object.assign(
      new Error(`connect to https://u:${CANARIES.falKey}@dynamo.example/?X-Amz-Signature=${CANARIES.imageQuery}`),
      { name: "Odd" },
    );
  };
  await call("GET /api/spaces/{spaceId}/media", { path: { spaceId: "holiday" } });
  for (const [name, event] of [
    [
      "start-from-event",
      { id: "e1", source: "cms", detail: { tenantId: "acme", context: CANARIES.words, type: "video" } },
    ],
    ["submit-generation", { tenantId: "acme", spaceId: "holiday", mediaId: "m1" }],
  ] as const) {
    const outcome = await cloud.functions.invoke(name, event);
    if (!outcome.ok) thrown.push(outcome.error.errorMessage);
  }
  link.aws = aws;
}

/** The canaries in a text, but those that it may hold. */
function canariesIn(texts: string[], mayHold: (keyof typeof CANARIES)[] = []): string[] {
  const all = texts.join("\n");
  return Object.entries(CANARIES).flatMap(([name, canary]) =>
    all.includes(canary) && !mayHold.some((allowed) => allowed === name) ? [name] : [],
  );
}

describe("what a generation's life leaves behind", () => {
  it("was looked at: there were lines, events, inputs, answers and errors", async () => {
    await everythingThatHappens();
    const all = logged.join("\n");
    expect(all).toContain("fal did not accept");
    expect(all).toContain("fal accepted");
    expect(all).toContain("request failed");
    expect(cloud.published.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["Generation Started", "Generation Completed", "Generation Failed"]),
    );
    expect(handedOn.length).toBeGreaterThan(10);
    expect(thrown).toHaveLength(2);
  });

  it("has no canary in its logs", () => {
    expect(canariesIn(logged)).toEqual([]);
  });

  it("has none in the workflow's inputs and outputs, nor in what went on the bus", () => {
    expect(canariesIn(handedOn)).toEqual([]);
    expect(canariesIn([JSON.stringify(cloud.published)])).toEqual([]);
  });

  it("has in its answers only the caller's own words and picture", () => {
    expect(canariesIn(answers, ["words", "imageUrl", "imageQuery"])).toEqual([]);
  });

  it("has none in what functions throw, which Lambda's runtime writes down itself", () => {
    expect(canariesIn(thrown)).toEqual([]);
  });
});

describe("the log", () => {
  it("leaves of an address its host, and nothing of what is secret", async () => {
    const { redacted } = await import("../../shared/services/log.ts");
    expect(
      redacted({
        mediaId: "m1",
        attempt: 2,
        error: `FetchError: ${PHOTO} and "https://user:pass@host.example:8443/a?b=c", Bearer abcdefgh12345678, ${CANARIES.falKey}`,
        nested: { prompt: "my words", list: [CANARIES.webhookSecret, 7, null] },
        picture: "data:image/jpeg;base64,AAAA",
        said: CANARIES.token,
        long: "x".repeat(5000),
      }),
    ).toEqual({
      mediaId: "m1",
      attempt: 2,
      error: 'FetchError: https://pictures.example/... and "https://host.example:8443/...", Bearer [secret], [secret]',
      nested: { prompt: "[redacted]", list: ["[secret]", 7, null] },
      picture: "data:...",
      said: "[token]",
      long: "x".repeat(2000),
    });
  });

  it("keeps the names by which people look for a line", async () => {
    const { redacted } = await import("../../shared/services/log.ts");
    const facts = {
      mediaId: "019b76da-a800-7000-8000-000000000001",
      requestId: "job-1",
      outcome: "in_doubt",
      code: "timed_out",
    };
    expect(redacted(facts)).toEqual(facts);
    expect(redacted({ error: String(new SourceImageUnavailableError("answered 503")) })["error"]).toContain(
      "answered 503",
    );
  });
});
