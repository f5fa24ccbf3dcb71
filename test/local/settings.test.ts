// What `npm start` refuses, and what it says: every fault at once, before anything is opened.
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readLocalSettings } from "../../stacks/local/settings.ts";

const IN_TEST_MODE = { NODE_ENV: "development" };
const SIGN_IN = {
  AUTH: "jwt",
  JWT_ISSUER: "https://issuer.example.com/",
  JWT_AUDIENCE: "api, other-api",
  JWT_JWKS_URL: "https://issuer.example.com/jwks.json",
};

test("without a single setting but test mode, everything has its default", () => {
  expect(readLocalSettings(IN_TEST_MODE)).toEqual({
    port: 3000,
    awsPort: 4566,
    dataDirectory: ".local",
    guests: [],
    corsOrigins: [],
    jwt: undefined,
    keys: false,
    testMode: true,
    notices: [],
  });
});

test("an empty setting is none", () => {
  const empty = { PORT: "", DATA_DIR: "", CORS_ORIGINS: "", LOCAL_FUNCTIONS: "", AUTH: "", FAL_TEST_MODE: "" };
  expect(readLocalSettings({ ...IN_TEST_MODE, ...empty })).toEqual(readLocalSettings(IN_TEST_MODE));
});

test("whatever may be said is heard", () => {
  expect(
    readLocalSettings({
      ...SIGN_IN,
      NODE_ENV: "development",
      FAL_TEST_MODE: "off",
      FAL_KEY: "fal-key",
      PORT: "8080",
      AWS_PORT: "0",
      DATA_DIR: "/data",
      LOCAL_FUNCTIONS: "mine/announce-video.handler, /theirs/count.main",
      CORS_ORIGINS: "https://app.example.com,http://127.0.0.1:8080",
    }),
  ).toEqual({
    port: 8080,
    awsPort: 0,
    dataDirectory: "/data",
    guests: [join(process.cwd(), "mine/announce-video.handler"), "/theirs/count.main"],
    corsOrigins: ["https://app.example.com", "http://127.0.0.1:8080"],
    jwt: {
      issuer: "https://issuer.example.com/",
      audience: ["api", "other-api"],
      jwksUrl: "https://issuer.example.com/jwks.json",
    },
    keys: false,
    testMode: false,
    notices: [],
  });
});

test.each([
  ["keys", false],
  ["jwt,keys", true],
  ["keys, jwt", true],
])("AUTH=%s takes keys, and tokens only where they are named", (AUTH, tokens) => {
  const { jwt, keys } = readLocalSettings({ ...IN_TEST_MODE, ...(tokens && SIGN_IN), AUTH });
  expect([jwt !== undefined, keys]).toEqual([tokens, true]);
});

describe("nothing is started when", () => {
  test.each([
    ["a port is none", { PORT: "http" }, "PORT must be a port number from 0 to 65535 (0: any free one)."],
    ["a port is too high", { AWS_PORT: "65536" }, "AWS_PORT must be a port number"],
    [
      "an origin has a slash at its end",
      { CORS_ORIGINS: "https://app.example.com/" },
      "CORS_ORIGINS.0 must be an origin",
    ],
    ["every origin would be let in", { CORS_ORIGINS: "*" }, "CORS_ORIGINS.0 must be an origin"],
    ["a function is a file alone", { LOCAL_FUNCTIONS: "mine/announce" }, "LOCAL_FUNCTIONS.0 must be like path/to/file"],
    ["no issuer is named", { AUTH: "jwt" }, "AUTH=jwt (or jwt,keys) needs JWT_ISSUER, JWT_AUDIENCE and JWT_JWKS_URL."],
    [
      "tokens have no audience",
      { ...SIGN_IN, JWT_AUDIENCE: " , " },
      "AUTH=jwt (or jwt,keys) needs JWT_ISSUER, JWT_AUDIENCE",
    ],
    ["keys are nowhere", { ...SIGN_IN, JWT_JWKS_URL: "jwks.json" }, "JWT_JWKS_URL must be an http(s) URL."],
    ["off is misspelt", { AUTH: "of" }, "AUTH must be jwt, keys, jwt,keys or off."],
    [
      "a key that no header can carry",
      { FAL_KEY: "abc\u2026def" },
      "FAL_KEY holds a character that no header can carry: U+2026 at place 4. Copy the key again.",
    ],
    ["a key with a zero-width space", { WORKFLOWAI_API_KEY: "abc\u200b" }, "WORKFLOWAI_API_KEY holds a character"],
    ["a key with a line break", { FAL_KEY: "ab\ncd" }, "FAL_KEY holds a character that no header can carry: U+000A"],
    [
      "a zero-width space in an address",
      { PUBLIC_URL: "https://api.example\u200b" },
      "PUBLIC_URL must be written in ASCII",
    ],
    ["fal's key is missing", { FAL_TEST_MODE: "off" }, "FAL_KEY is missing. Put your fal.ai key into .env"],
    ["a function would refuse a setting", { POLL_SECONDS: "900" }, "POLL_SECONDS"],
  ])("%s", (_case, said, fault) => {
    expect(() => readLocalSettings({ ...IN_TEST_MODE, ...said })).toThrow(fault);
  });

  test("and everything is said at once, without repeating what may be a secret", () => {
    const attempt = () =>
      readLocalSettings({ PORT: "secret-port", CORS_ORIGINS: "*", POLL_SECONDS: "secret", AUTH: "jwt" });
    expect(attempt).toThrow(/^Nothing was started.*PORT.*CORS_ORIGINS.*POLL_SECONDS.*FAL_KEY.*AUTH=jwt/s);
    expect(attempt).not.toThrow(/secret/);
  });
});

describe("what is set and is no setting, though it looks like one,", () => {
  test.each([
    ["FAL_TESTMODE", "FAL_TEST_MODE"],
    ["fal_key", "FAL_KEY"],
    ["CORS_ORIGIN", "CORS_ORIGINS"],
    ["DATADIR", "DATA_DIR"],
    ["POLL_SECOND", "POLL_SECONDS"],
  ])("is named at the start: %s for %s", (name, meant) => {
    const { notices } = readLocalSettings({ NODE_ENV: "development", [name]: "1" });
    expect(notices).toEqual([`${name} is set and is no setting: ${meant} is, and may be what is meant.`]);
  });

  test("is nothing of what a shell sets", () => {
    const shell = [
      "PATH",
      "HOME",
      "USER",
      "SHELL",
      "TERM",
      "LANG",
      "PWD",
      "LOGNAME",
      "EDITOR",
      "SSH_AUTH_SOCK",
      "npm_config_cache",
    ];
    const set = Object.fromEntries(shell.map((name) => [name, "x"]));
    expect(readLocalSettings({ NODE_ENV: "development", ...set }).notices).toEqual([]);
  });
});
