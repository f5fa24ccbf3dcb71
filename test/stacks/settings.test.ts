// What a deploy refuses, and what it says: closed unless the operator opens it explicitly.
import { describe, test } from "vitest";
import { readSettings } from "../../stacks/settings.ts";
import { graphOf, NEEDED_SETTINGS } from "../support/resource-graph.ts";

const { JWT_ISSUER, JWT_AUDIENCE, SST_SECRET_FalKey } = NEEDED_SETTINGS;

describe("a deploy stops before anything is made", { timeout: 60_000 }, () => {
  test.concurrent.for([
    ["no issuer signs the callers' tokens", { SST_SECRET_FalKey }, /JWT_ISSUER and JWT_AUDIENCE are needed.*AUTH=off/],
    [
      "fal's key is missing",
      { JWT_ISSUER, JWT_AUDIENCE },
      /fal\.ai is missing: npx sst secret set FalKey <key> --stage t/,
    ],
  ] as const)("when %s", async ([, settings, message], { expect }) => {
    await expect(graphOf("t", settings)).rejects.toThrow(message);
  });

  test.for([
    ["the tokens have no audience", { JWT_AUDIENCE: "" }, /JWT_ISSUER and JWT_AUDIENCE are needed/],
    ["the issuer is no https URL", { JWT_ISSUER: "http://issuer.example.com" }, /JWT_ISSUER must be an https URL/],
    ["every origin would be let in", { CORS_ORIGINS: "*" }, /CORS_ORIGINS.* must be an origin/],
    ["an origin has a path", { CORS_ORIGINS: "https://app.example.com/" }, /CORS_ORIGINS.* must be an origin/],
    ["off is misspelt", { AUTH: "of" }, /AUTH must be jwt, keys, jwt,keys or off/],
    ["a function would refuse a setting", { POLL_SECONDS: "900" }, /POLL_SECONDS .*60/],
    ["a generation would outlast its execution", { POLL_SECONDS: "1" }, /POLL_SECONDS must be at least 2 with/],
    [
      "a long one would too",
      { GENERATION_DEADLINE_SECONDS: "86400" },
      /POLL_SECONDS must be at least 40 with a GENERATION_DEADLINE_SECONDS of 86400/,
    ],
    [
      "an issuer is made beside another",
      { IDENTITY: "cognito" },
      /IDENTITY=cognito makes an issuer: it goes with neither/,
    ],
    ["nothing could be submitted", { SUBMIT_CONCURRENCY: "0" }, /SUBMIT_CONCURRENCY must be a number from 1/],
  ] as const)("when %s", ([, settings, message], { expect }) => {
    expect(() => readSettings({ ...NEEDED_SETTINGS, ...settings })).toThrow(message);
  });

  test("and says everything at once", ({ expect }) => {
    expect(() => readSettings({ AUTH: "of", ALARM_EMAIL: "nobody" })).toThrow(/ALARM_EMAIL(.|\n)*AUTH/);
  });
});

describe("`sst dev`", { timeout: 60_000 }, () => {
  const { JWT_ISSUER, JWT_AUDIENCE } = NEEDED_SETTINGS;
  const settings = { JWT_ISSUER, JWT_AUDIENCE };

  test("with FAL_TEST_MODE=off asks fal, and needs a key", async ({ expect }) => {
    const off = { ...settings, FAL_TEST_MODE: "off" };
    await expect(graphOf("ada", off, { dev: true })).rejects.toThrow(/the key of fal\.ai is missing/);
  });
});
