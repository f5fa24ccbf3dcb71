// The settings: every default, every bound, and a message that names whatever is wrong without repeating it.
import { beforeAll, describe, expect, it, vi } from "vitest";
import { SETTING_NAMES } from "../shared/environment.ts";

/** SST's links are read once in a process: here is what this one finds. */
beforeAll(() => {
  vi.stubEnv("SST_RESOURCE_App", '{"name":"media","stage":"test"}');
  vi.stubEnv("SST_RESOURCE_Media", '{"name":"Media-production"}');
  vi.stubEnv("SST_RESOURCE_Bus", '{"name":"media-production"}');
  vi.stubEnv("SST_RESOURCE_Generation", '{"arn":"arn:aws:states:eu-west-3:123456789012:stateMachine:generation"}');
  vi.stubEnv("SST_RESOURCE_WorkflowAiKey", '{"value":"linked-key"}');
  vi.stubEnv("SST_RESOURCE_FalKey", '{"value":""}');
});

/** The settings as a fresh process reads them, with these variables and no others: a developer's own must not reach the tests. */
async function settings(set: Record<string, string | undefined> = {}) {
  for (const name of SETTING_NAMES) vi.stubEnv(name, set[name]);
  vi.resetModules();
  return { ...(await import("../shared/environment.ts")), ...(await import("../shared/linked.ts")) };
}

/** Every setting as a fresh process has it. */
async function allOf(set: Record<string, string>) {
  const { setting } = await settings(set);
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, setting(name)]));
}

/** What is said against settings, by their names. */
async function complaints(set: Record<string, string>): Promise<string[]> {
  const { faultsOf } = await settings(set);
  return faultsOf(process.env).map(({ path, message }) => `${path}: ${message}`);
}

describe("without a single variable", () => {
  it("every setting has its default, and production is assumed", async () => {
    expect(await allOf({})).toEqual({
      NODE_ENV: "production",
      FAL_TEST_MODE: "on",
      FAL_QUEUE_URL: "https://queue.fal.run",
      FAL_PLATFORM_URL: "https://api.fal.ai",
      FAL_WEBHOOK_JWKS_URL: "https://rest.fal.ai/.well-known/jwks.json",
      WORKFLOWAI_PROMPT_AGENT: { id: "kling-animation-prompt-enhancement", schemaId: 2, version: "production" },
      WORKFLOWAI_VIDEO_AGENT: { id: "video-description-generation", schemaId: 1, version: "production" },
      POLL_SECONDS: 10,
      GENERATION_DEADLINE_SECONDS: 3600,
      IN_DOUBT_SECONDS: 900,
      HOLD_SECONDS: 86_400,
      BUDGET_WARNING_SHARE: 0.8,
      TRUSTED_MEDIA_ORIGINS: [],
      AUTH: { jwt: true, keys: false },
      JWT_TENANT_CLAIM: "tenant",
      JWT_USER_CLAIM: "sub",
      JWT_SCOPE_CLAIM: "scope",
      CONSOLE_SCOPES: "openid",
      AWS_REGION: "us-east-1",
      LAMBDA_TASK_ROOT: ".",
    });
  });

  it("test mode is off and no private address is trusted", async () => {
    const { isTestMode, trustedMediaOrigins } = await settings();
    expect(isTestMode()).toBe(false);
    expect(trustedMediaOrigins()).toEqual([]);
  });
});

it("a variable that is set is what counts", async () => {
  const set = await allOf({
    FAL_QUEUE_URL: "http://127.0.0.1:4100/",
    PUBLIC_URL: "https://media.example/api//",
    MEDIA_STORE: "s3://media-bucket",
    WORKFLOWAI_PROMPT_AGENT: "my-agent#12@3.1",
    TRUSTED_MEDIA_ORIGINS: " http://10.0.0.7:8080/pictures , ,https://cdn.internal/",
    POLL_SECONDS: "5",
    AUTH: "off",
    JWT_TENANT_CLAIM: "org",
  });
  expect(set).toMatchObject({
    FAL_QUEUE_URL: "http://127.0.0.1:4100",
    PUBLIC_URL: "https://media.example/api",
    MEDIA_STORE: "s3://media-bucket",
    WORKFLOWAI_PROMPT_AGENT: { id: "my-agent", schemaId: 12, version: "3.1" },
    TRUSTED_MEDIA_ORIGINS: ["http://10.0.0.7:8080", "https://cdn.internal"],
    POLL_SECONDS: 5,
    AUTH: { jwt: false, keys: false },
    JWT_TENANT_CLAIM: "org",
  });
});

it("an empty variable counts as unset, whichever it is", async () => {
  const unset = await allOf({});
  expect(await allOf(Object.fromEntries(SETTING_NAMES.map((name) => [name, ""])))).toEqual(unset);
});

it("the settings are read once: a process does not change its mind", async () => {
  const { setting } = await settings({ POLL_SECONDS: "5" });
  expect(setting("POLL_SECONDS")).toBe(5);
  vi.stubEnv("POLL_SECONDS", "7");
  expect(setting("POLL_SECONDS")).toBe(5);
});

describe("a setting that is malformed", () => {
  it.each([
    ["FAL_TEST_MODE", "of"],
    ["FAL_TEST_MODE", "OFF"],
    ["FAL_QUEUE_URL", "queue.fal.run"],
    ["FAL_QUEUE_URL", "ftp://queue.fal.run"],
    ["FAL_PLATFORM_URL", "api.fal.ai"],
    ["FAL_WEBHOOK_JWKS_URL", "rest.fal.ai/.well-known/jwks.json"],
    ["PUBLIC_URL", "media.example"],
    ["PUBLIC_URL", "file:///etc"],
    ["WORKFLOWAI_API_URL", "localhost"],
    ["WORKFLOWAI_PROMPT_AGENT", "my-agent"],
    ["WORKFLOWAI_PROMPT_AGENT", "my-agent#two@production"],
    ["WORKFLOWAI_VIDEO_AGENT", "#1@production"],
    ["MEDIA_STORE", "media-bucket"],
    ["MEDIA_RETENTION_DAYS", "0"],
    ["MEDIA_RETENTION_DAYS", "a month"],
    ["MEDIA_STORE", "https://media.example"],
    ["MEDIA_ORIGIN", "127.0.0.1:3000"],
    ["TRUSTED_MEDIA_ORIGINS", "http://10.0.0.7,cdn.internal"],
    ["MONTHLY_CAP_USD", "ten"],
    ["MONTHLY_CAP_USD", "-1"],
    ["DAILY_CAP_USD", "$5"],
    ["USER_MONTHLY_CAP_USD", "1e12"],
    ["GLOBAL_MONTHLY_CAP_USD", "0.0001"],
    ["BUDGET_WARNING_SHARE", "80"],
    ["BUDGET_WARNING_SHARE", "0"],
    ["MAX_OPEN_GENERATIONS", "0"],
    ["MAX_OPEN_GENERATIONS", "1001"],
    ["START_RATE", "1.5"],
    ["AUTH", "none"],
    ["JWT_READ_SCOPE", "media.read media.write"],
    ["POLL_SECONDS", "ten"],
  ])("is named: %s=%s", async (name, value) => {
    expect(await complaints({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}[.:]`))]);
  });

  it("is named together with all the others", async () => {
    const said = await complaints({ POLL_SECONDS: "0", AUTH: "none", PUBLIC_URL: "media.example" });
    expect(said.map((line) => line.split(":")[0]).sort()).toEqual(["AUTH", "POLL_SECONDS", "PUBLIC_URL"]);
  });

  it("is not repeated: it may be a secret in the wrong place", async () => {
    for (const name of ["FAL_QUEUE_URL", "FAL_TEST_MODE", "POLL_SECONDS", "MEDIA_STORE", "WORKFLOWAI_PROMPT_AGENT"]) {
      const said = await complaints({ [name]: "my-fal-key:0123456789abcdef" });
      expect(said).toHaveLength(1);
      expect(said.join()).not.toContain("0123456789abcdef");
    }
  });

  it("stops each function that asks for it, each time, and no other", async () => {
    const { setting, isTestMode, EnvironmentError } = await settings({ FAL_TEST_MODE: "of", NODE_ENV: "development" });
    const ask = () => setting("FAL_TEST_MODE");
    for (const asker of [ask, isTestMode, ask]) expect(asker).toThrow(EnvironmentError);
    expect(ask).toThrow("This setting is not right:\n  FAL_TEST_MODE: ");
    expect(setting("POLL_SECONDS")).toBe(10);
  });
});

describe("the seconds", () => {
  it.each([
    ["POLL_SECONDS", 1, 60],
    ["GENERATION_DEADLINE_SECONDS", 1, 86_400],
    ["IN_DOUBT_SECONDS", 1, 86_400],
    ["HOLD_SECONDS", 1, 604_800],
    ["FAL_CONCURRENCY", 1, 200],
  ] as const)("%s lie between %d and %d", async (name, least, most) => {
    for (const seconds of [least, most]) {
      const { setting } = await settings({ [name]: String(seconds) });
      expect(setting(name)).toBe(seconds);
    }
    for (const wrong of [least - 1, -least, most + 1, least + 0.5, "Infinity", "NaN", "10s", "1,5"]) {
      expect((await complaints({ [name]: String(wrong) })).join()).toContain(`${name}: `);
    }
  });
});

describe("fal's key", () => {
  it("is the setting's", async () => {
    const { falKey } = await settings({ NODE_ENV: "production", FAL_KEY: "fal-key" });
    expect(falKey()).toBe("fal-key");
  });

  it("is missing where only an empty secret is linked", async () => {
    const { falKey } = await settings({ NODE_ENV: "production" });
    expect(falKey).toThrow("FAL_KEY is missing.");
  });
});

describe("origins whose addresses may be private", () => {
  const set = {
    TRUSTED_MEDIA_ORIGINS: "http://10.0.0.7:8080,http://192.168.1.5",
    FAL_QUEUE_URL: "http://127.0.0.1:4100/queue",
    MEDIA_ORIGIN: "http://127.0.0.1:3000/",
  };

  it.each(["development", "test"])("are those named, fal's and our own, in %s", async (NODE_ENV) => {
    const { trustedMediaOrigins } = await settings({ ...set, NODE_ENV });
    expect(trustedMediaOrigins()).toEqual([
      "http://10.0.0.7:8080",
      "http://192.168.1.5",
      "http://127.0.0.1:4100",
      "http://127.0.0.1:3000",
    ]);
  });

  it.each([{ NODE_ENV: "production" }, { NODE_ENV: "" }, {}])("are none in production: %o", async (node) => {
    const { trustedMediaOrigins } = await settings({ ...set, ...node });
    expect(trustedMediaOrigins()).toEqual([]);
  });
});

describe("what SST links", () => {
  it("is found by its name", async () => {
    const { linkedName, linkedArn } = await settings();
    expect(linkedName("Media")).toBe("Media-production");
    expect(linkedName("Bus")).toBe("media-production");
    expect(linkedArn("Generation")).toBe("arn:aws:states:eu-west-3:123456789012:stateMachine:generation");
  });

  it("gives a secret where no variable does", async () => {
    expect((await settings()).workflowAiKey()).toBe("linked-key");
    expect((await settings({ WORKFLOWAI_API_KEY: "" })).workflowAiKey()).toBe("linked-key");
    expect((await settings({ WORKFLOWAI_API_KEY: "my-key" })).workflowAiKey()).toBe("my-key");
  });

  it("is no secret where it is not linked, or empty", async () => {
    const { linkedSecret } = await settings();
    expect(linkedSecret("LinkSecret")).toBeUndefined();
    expect(linkedSecret("FalKey")).toBeUndefined();
  });
});
