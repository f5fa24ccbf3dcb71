// What a deploy refuses before anything is made, because the account, the issuer or a name would not bear it.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { preflight, type Ask, type Deploy } from "../../stacks/preflight.ts";
import { secretFaults } from "../../stacks/secret-faults.ts";
import { readSettings } from "../../stacks/settings.ts";
import { graphOf, NEEDED_SETTINGS } from "../support/resource-graph.ts";

const ISSUER = NEEDED_SETTINGS.JWT_ISSUER;
const METADATA = `${ISSUER}/.well-known/openid-configuration`;
const KEYS = `${ISSUER}/keys`;

/** An issuer on the web: address -> answer, or fault. */
function web(pages: Record<string, unknown>): typeof fetch {
  return async (address, init) => {
    expect(init?.signal).toBeInstanceOf(AbortSignal);
    const page = typeof address === "string" ? pages[address] : undefined;
    if (page instanceof Error) throw page;
    return page === undefined ? new Response("", { status: 404 }) : Response.json(page);
  };
}
const soundIssuer = { [METADATA]: { issuer: ISSUER, jwks_uri: KEYS }, [KEYS]: { keys: [{ kty: "RSA" }] } };

function account(unreserved: number, reserved = 0): Ask {
  return { region: async () => undefined, concurrency: async () => ({ unreserved, reserved }) };
}

const deploy = (changes: Partial<Deploy> = {}, settings: Record<string, string> = {}): Deploy => ({
  app: "kling-media",
  stage: "production",
  settings: readSettings({ ...NEEDED_SETTINGS, ...settings }),
  environment: { AWS_REGION: "eu-west-1" },
  offline: false,
  ask: account(1000),
  fetch: web(soundIssuer),
  ...changes,
});

describe("a deploy", () => {
  it("goes on where the account, the issuer and the names bear it", async () => {
    expect(await preflight(deploy())).toEqual([]);
  });

  it("stops at a quota of 10, as a new account has it, and says what to ask for", async () => {
    await expect(preflight(deploy({ ask: account(10) }))).rejects.toThrow(
      /quota of 110 concurrent .* 10 are left in eu-west-1\. .*request-service-quota-increase.*SUBMIT_CONCURRENCY=none/,
    );
    expect(await preflight(deploy({ ask: account(10) }, { SUBMIT_CONCURRENCY: "none" }))).toEqual([]);
  });

  it.each([
    [110, 0, true],
    [109, 0, false],
    // The stage's own reservation of the deploy before is there for this one.
    [100, 10, true],
    [99, 10, false],
  ])("with %i unreserved and %i reserved for itself: %s", async (unreserved, reserved, goesOn) => {
    const refusal = await preflight(deploy({ ask: account(unreserved, reserved) })).catch(String);
    expect(Array.isArray(refusal)).toBe(goesOn);
  });

  it("stops at a stage whose functions would have names that are too long, and counts how much", async () => {
    await expect(preflight(deploy({ stage: "s".repeat(32) }))).rejects.toThrow(
      /1 characters too long.* 31 characters or fewer/,
    );
    expect(await preflight(deploy({ stage: "s".repeat(31) }))).toEqual([]);
  });

  it("stops where the region is not said, in the environment or in the profile", async () => {
    await expect(preflight(deploy({ environment: {} }))).rejects.toThrow(/The region is not said.*AWS_REGION=/);
    const ofProfile: Ask = { ...account(1000), region: async () => "eu-west-1" };
    expect(await preflight(deploy({ environment: {}, ask: ofProfile }))).toEqual([]);
    expect(await preflight(deploy({ environment: { AWS_DEFAULT_REGION: "eu-west-1" } }))).toEqual([]);
  });

  it.each([
    [
      "cannot be reached",
      { [METADATA]: new TypeError("fetch failed") },
      /cannot be reached \(TypeError: fetch failed\)/,
    ],
    ["has no metadata", {}, /openid-configuration answers 404/],
    ["answers with something else", { [METADATA]: { hello: "world" } }, /is not what OpenID Connect Discovery/],
    [
      "calls itself otherwise",
      { ...soundIssuer, [METADATA]: { issuer: `${ISSUER}/`, jwks_uri: KEYS } },
      /calls itself .*\/:/,
    ],
    ["signs with no RSA key", { ...soundIssuer, [KEYS]: { keys: [{ kty: "EC" }] } }, /has no RSA key.* RS256/],
  ])("stops at an issuer that %s", async (_, pages, message) => {
    await expect(preflight(deploy({ fetch: web(pages) }))).rejects.toThrow(message);
  });

  it("says everything at once", async () => {
    const nothing = deploy({ stage: "s".repeat(40), environment: {}, ask: account(10), fetch: web({}) });
    await expect(preflight(nothing)).rejects.toThrow(/Nothing was deployed:(.|\n)*too long(.|\n)*region(.|\n)*404/);
  });

  it("into a stand-in for AWS goes on without an Internet, and says what it has not seen", async () => {
    const environment = { AWS_REGION: "us-east-1", AWS_ENDPOINT_URL: "http://127.0.0.1:5000" };
    expect(await preflight(deploy({ environment, fetch: web({}) }))).toEqual([expect.stringContaining("answers 404")]);
    await expect(preflight(deploy({ environment, ask: account(10) }))).rejects.toThrow(/quota of 110/);
  });
});

describe("the account", () => {
  let server: Server;
  afterEach(() => {
    server.close();
    vi.unstubAllEnvs();
  });

  async function lambda(answers: Record<string, [status: number, body: unknown]>): Promise<void> {
    server = createServer((request, response) => {
      const [status, body] = answers[request.url ?? ""] ?? [404, { Type: "User" }];
      const error = status === 404 ? { "x-amzn-errortype": "ResourceNotFoundException" } : {};
      response.writeHead(status, { "content-type": "application/json", ...error }).end(JSON.stringify(body));
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    vi.stubEnv("AWS_ENDPOINT_URL_LAMBDA", `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv("AWS_ACCESS_KEY_ID", "test");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "test");
  }

  const settings = "/2016-08-19/account-settings";
  const concurrency = "/2019-09-30/functions/kling-media-production-submit-generation/concurrency";
  const real = (): Deploy => deploy({ ask: undefined });

  it("is asked by Lambda's GetAccountSettings", async () => {
    await lambda({ [settings]: [200, { AccountLimit: { UnreservedConcurrentExecutions: 10 } }] });
    await expect(preflight(real())).rejects.toThrow(/10 are left in eu-west-1/);
  });

  it("may have the stage's reservation already", async () => {
    await lambda({
      [settings]: [200, { AccountLimit: { UnreservedConcurrentExecutions: 100 } }],
      [concurrency]: [200, { ReservedConcurrentExecutions: 10 }],
    });
    expect(await preflight(real())).toEqual([]);
  });

  it("that does not let itself be asked is a refusal by name", async () => {
    await lambda({ [settings]: [403, { message: "not authorized" }] });
    await expect(preflight(real())).rejects.toThrow(/lambda:GetAccountSettings in eu-west-1.*not authorized/);
  });
});

describe("offline", () => {
  it("nothing is asked, and what the account and the issuer need is said", async () => {
    const unasked: Partial<Deploy> = { offline: true, fetch: web({}), ask: account(0), environment: {} };
    expect(await preflight(deploy(unasked))).toEqual([
      expect.stringMatching(/quota of 110 concurrent executions, or SUBMIT_CONCURRENCY=none/),
      expect.stringMatching(/issuer\.example\.com must be reachable/),
    ]);
  });
});

describe("a secret", () => {
  it.each([
    ["key\r", /FalKey has a Windows line end/],
    ["key\r\n", /a Windows line end/],
    ["key\n", /a line end/],
    [" key", /a space/],
    ["“key”", /no visible ASCII/],
  ])("such as %j cannot be sent", (value, message) => {
    expect(secretFaults("FalKey", value).join()).toMatch(message);
    expect(secretFaults("FalKey", value).join()).not.toContain(value);
  });

  it("may be absent, or made of what a header takes", () => {
    expect(secretFaults("WorkflowAiKey")).toEqual([]);
    expect(secretFaults("FalKey", "a-key:of_fal.0123")).toEqual([]);
  });

  it("stops a deploy", async () => {
    await expect(graphOf("t", { ...NEEDED_SETTINGS, SST_SECRET_FalKey: "key\r" })).rejects.toThrow(
      /Nothing was deployed: The secret FalKey has a Windows line end.*npx sst secret set FalKey/,
    );
  });

  it("is no setting, which is refused with a control character too", () => {
    expect(() => readSettings({ ...NEEDED_SETTINGS, CONSOLE_CLIENT_ID: "abc\r" })).toThrow(
      /CONSOLE_CLIENT_ID has a control/,
    );
  });
});
